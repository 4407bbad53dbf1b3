import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { dir } from 'tmp-promise';
import { test as base } from 'vitest';
import { goodCell, lostCell, sampleReport, unknownCell } from '../../reports/sample.ts';
import { writeReport } from '../../reports/write.ts';
import { DISRUPTIONS } from '../disruptions/catalogue.ts';
import { SourceLines } from '../stack/source-lines.ts';
import { revisionOf } from '../stack/revision.ts';

const LAUNCHER = fileURLToPath(new URL('launcher.js', import.meta.url));
const COMPOSE = 'services:\n  app:\n    image: app\n    volumes: [data:/data]\nvolumes: { data: {} }\n';
const STORES = 'stores:\n  - { id: notes, kind: files, service: app, path: /data }\n';

/** A folder with a stack, under git, and the report of a run on it. */
const test = base
  .extend('folder', async ({}, { onCleanup }) => {
    const made = await dir({ prefix: 'outlast-gate-', unsafeCleanup: true });
    onCleanup(async () => made.cleanup());
    return made.path;
  })
  .extend('git', ({ folder }) => async (...args: string[]) => {
    const me = ['-c', 'user.name=me', '-c', 'user.email=me@example.org'];
    await execa('git', [...me, ...args], { cwd: folder });
  })
  .extend('stack', async ({ folder, git }) => {
    await mkdir(join(folder, 'stack'));
    await writeFile(join(folder, 'stack/compose.yaml'), COMPOSE);
    await writeFile(join(folder, 'stack/outlast.yaml'), STORES);
    await git('init', '-q');
    await git('add', '--all');
    await git('commit', '-qm', 'first');
    return join(folder, 'stack');
  })
  .extend('tested', ({ stack }) => async (worst = goodCell, startedAt = new Date()) => {
    const revision = await revisionOf(await SourceLines.read([join(stack, 'compose.yaml')]), stack, {
      apart: join(stack, 'outlast-report'),
    });
    const byDefault = DISRUPTIONS.filter(({ optional }) => !optional);
    const cells = byDefault.map(({ id }) => ({ ...(id === 'down-up' ? worst : goodCell), disruption: id }));
    const about = { name: 'stack', files: [], services: ['app'], changes: [], baseImage: null };
    const report = sampleReport(cells, { startedAt: startedAt.toISOString(), stack: { ...revision, ...about } });
    await mkdir(join(stack, 'outlast-report'), { recursive: true });
    await writeReport(join(stack, 'outlast-report'), report);
    return report;
  })
  .extend(
    'gate',
    ({ stack }) =>
      async (...args: string[]) =>
        execa(process.execPath, [LAUNCHER, 'gate', ...args], { cwd: stack, reject: false, env: { NO_COLOR: '1' } }),
  );

const DAY = 86_400_000;

test('allowed is 0, in one line, and it touches nothing', async ({ tested, gate, folder, expect }) => {
  await tested();
  expect(await gate()).toMatchObject({ exitCode: 0, stdout: 'Allowed.', stderr: '' });
  expect(await gate('-f', 'compose.yaml', '--config', 'outlast.yaml')).toMatchObject({ exitCode: 0 });
  const { stdout } = await execa('git', ['status', '--porcelain'], { cwd: folder });
  expect(stdout).toBe('?? stack/outlast-report/');
});

test('a loss is 1, in one line', async ({ tested, gate, expect }) => {
  await tested(lostCell);
  expect(await gate()).toMatchObject({ exitCode: 1, stdout: 'Refused: notes after down-up: lost.', stderr: '' });
});

test('what is unknown is 1, unless the policy allows it', async ({ tested, gate, stack, git, expect }) => {
  await tested(unknownCell);
  expect(await gate()).toMatchObject({ exitCode: 1, stdout: 'Refused: notes after down-up: unknown (host-died).' });
  await writeFile(join(stack, 'outlast.yaml'), `${STORES}gate: { unknown: allow }\n`);
  await git('commit', '-qam', 'policy');
  await tested(unknownCell);
  expect(await gate()).toMatchObject({ exitCode: 0, stdout: 'Allowed.' });
});

test('what is accepted is named', async ({ tested, gate, stack, git, expect }) => {
  const accepted = `accept: [{ disruption: down-up, store: notes, reason: it is filled again, until: 2999-12-31 }]`;
  await writeFile(join(stack, 'outlast.yaml'), `${STORES}gate: { ${accepted} }\n`);
  await git('commit', '-qam', 'policy');
  await tested(lostCell);
  expect(await gate()).toMatchObject({
    exitCode: 0,
    stdout: 'Allowed. Accepted: notes after down-up: lost (it is filled again, until 2999-12-31).',
  });
});

test('what nobody misses is no loss', async ({ tested, gate, stack, git, expect }) => {
  const unmissed = 'expect: [{ store: notes, outcomes: [lost], reason: a cache }]';
  await writeFile(join(stack, 'outlast.yaml'), `${STORES}${unmissed}\n`);
  await git('commit', '-qam', 'cache');
  await tested(lostCell);
  expect(await gate()).toMatchObject({ exitCode: 0, stdout: 'Allowed.', stderr: '' });
});

test('a store that the run did not watch is 1', async ({ tested, gate, stack, git, expect }) => {
  await writeFile(join(stack, 'outlast.yaml'), `${STORES}${STORES.split('\n')[1]?.replace('notes', 'new')}\n`);
  await git('commit', '-qam', 'store');
  await tested();
  expect(await gate()).toMatchObject({
    exitCode: 1,
    stdout:
      'Refused: new after restart: not tried; new after stop-start: not tried; new after kill: not tried; and 6 more.',
  });
});

test('without a repository the digest alone decides', async ({ tested, gate, stack, folder, expect }) => {
  await execa('rm', ['-r', join(folder, '.git')]);
  await tested();
  expect(await gate()).toMatchObject({ exitCode: 0 });
  await writeFile(join(stack, 'compose.yaml'), COMPOSE.replace('    volumes: [data:/data]\n', ''));
  expect(await gate()).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('REPORT_OTHER_STACK') });
});

test('a variable and a profile are those that are deployed', async ({ tested, gate, stack, git, expect }) => {
  await writeFile(join(stack, 'compose.yaml'), COMPOSE.replace('services:', 'name: ${NAME:-shop}\nservices:'));
  await writeFile(join(stack, '../.gitignore'), '.env\nother.env\n');
  await git('add', '--all');
  await git('commit', '-qm', 'name');
  await writeFile(join(stack, '.env'), 'NAME=one\n');
  await writeFile(join(stack, 'other.env'), 'NAME=two\n');
  await tested();
  expect(await gate()).toMatchObject({ exitCode: 0 });
  const named = 'REPORT_OTHER_STACK  Refused: NAME has another value than when it was tested.';
  expect(await gate('--env-file', 'other.env')).toMatchObject({
    exitCode: 2,
    stdout: '',
    stderr: expect.stringContaining(named),
  });
  await writeFile(join(stack, '.env'), 'NAME=two\n');
  expect(await gate()).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(named) });
  await writeFile(join(stack, '.env'), 'NAME=one\n');
  expect(await gate('--profile', 'jobs')).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('it was not tested with the profile jobs'),
  });
});

test.for([
  ['REPORT_OTHER_STACK', 'the volume line is removed', `sed -i /volumes:.*data:/d compose.yaml`],
  ['REPORT_OTHER_COMMIT', 'there is another commit', `git commit -q --allow-empty -m second`],
  ['REPORT_UNCOMMITTED', 'something is not committed', `echo x > new`],
  [
    'CONFIG_INVALID',
    'the policy names a store that is not there',
    `echo 'gate: { survive: [{ stores: [none] }] }' >> outlast.yaml`,
  ],
  [
    'CONFIG_INVALID',
    'the policy names a disruption that is not there',
    `echo 'gate: { survive: [{ disruptions: [none] }] }' >> outlast.yaml`,
  ],
  [
    'EXCEPTION_EXPIRED',
    'an exception has expired',
    `echo 'gate: { accept: [{ rule: tmpfs-data, reason: r, until: 2001-01-01 }] }' >> outlast.yaml; git commit -qam x; `,
  ],
  [
    'REPORT_VERSION',
    'the report is of another version',
    `sed -i s:outlast.report/1:outlast.report/2: outlast-report/report.json`,
  ],
  ['REPORT_DAMAGED', 'the report is damaged', `truncate -s 100 outlast-report/report.json`],
  [
    'REPORT_DAMAGED',
    'a loss is called good',
    `sed -i '0,/"lost": 0/s//"lost": 20/;0,/"intact": 20/s//"intact": 0/' outlast-report/report.json`,
  ],
  [
    'REPORT_DAMAGED',
    'the verdict is not that of the cells',
    `sed -i 's/"outlasts"/"inconclusive"/;s/"outcome": "survived"/"outcome": "lost"/' outlast-report/report.json`,
  ],
  ['NO_REPORT', 'there is no report', `rm outlast-report/report.json`],
  ['NO_COMPOSE_FILE', 'there is no stack', `rm compose.yaml`],
] as const)('%s is 2: %s', async ([code, , change], { tested, gate, stack, expect }) => {
  await tested();
  const me = {
    GIT_AUTHOR_NAME: 'me',
    GIT_AUTHOR_EMAIL: 'me@example.org',
    GIT_COMMITTER_NAME: 'me',
    GIT_COMMITTER_EMAIL: 'me@example.org',
  };
  await execa('sh', ['-ec', change], { cwd: stack, env: me });
  expect(await gate()).toMatchObject({ exitCode: 2, stdout: '', stderr: expect.stringContaining(code) });
});

test.for([
  ['an exception', 'gate: { accept: [{ disruption: kill, store: typo, reason: r, until: 2999-01-01 }] }'],
  ['what must survive', 'gate: { survive: [{ stores: [typo] }] }'],
  ['an expectation', 'expect: [{ disruptions: [kill], store: typo, outcomes: [lost], reason: r }]'],
] as const)(
  'CONFIG_INVALID is 2: %s names a store that neither file nor report has',
  async ([, text], { tested, gate, stack, git, expect }) => {
    await writeFile(join(stack, 'outlast.yaml'), `${text}\n`);
    await git('commit', '-qam', 'no stores');
    await tested();
    expect(await gate()).toMatchObject({ exitCode: 2, stdout: '', stderr: expect.stringContaining('CONFIG_INVALID') });
  },
);

test.for([
  ['another service', 'no-restart-policy, service: typo', 2, '"typo" is none of the services app'],
  ['a service of the stack', 'no-restart-policy, service: app', 0, ''],
  ['another rule', 'no-restart-polcy', 2, 'nearest: "no-restart-policy"'],
] as const)('an exception for %s', async ([, named, exitCode, told], { tested, gate, stack, git, expect }) => {
  const accept = `accept: [{ rule: ${named}, reason: r, until: 2999-01-01 }]`;
  await writeFile(join(stack, 'outlast.yaml'), `${STORES}gate: { ${accept} }\n`);
  await git('commit', '-qam', 'policy');
  await tested();
  const { stderr, ...ended } = await gate();
  expect(ended).toMatchObject({ exitCode });
  expect(stderr).toContain(told);
  expect(stderr.length).toBeLessThan(300);
});

test('REPORT_TOO_OLD is 2: the report is of last month', async ({ tested, gate, expect }) => {
  await tested(goodCell, new Date(Date.now() - 30 * DAY));
  expect(await gate()).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/^REPORT_TOO_OLD {2}Refused: .*more than 7d ago/),
  });
});
