import { readFile } from 'node:fs/promises';
import { describe } from 'vitest';
import { describesBackup, mountedAt, namedVolumeAt, untracked } from '../../fixtures/guide/checks.ts';
import { note, ran, SUBSTITUTES } from '../../fixtures/guide/evidence.ts';
import { guideSetup, REFERENCE_SETUP } from '../../fixtures/guide/setups.ts';
import { test } from '../../fixtures/outlast.ts';
import type { Workspace } from '../../fixtures/workspace.ts';
import type { ProjectModel } from '../../helpers/stack/project-model.ts';

const ROOT = new URL('../../', import.meta.url);

async function modelOf(workspace: Workspace, file = ''): Promise<ProjectModel> {
  const json = await workspace.ok(`docker-compose ${file} config --format json`);
  return JSON.parse(json) as ProjectModel;
}

const COMMIT = 'git init -q && git add --all && git -c user.name=me -c user.email=me@example.org commit -qm all';

describe("the guide's checklist", { timeout: 300_000 }, () => {
  test('K2, K3: mounts', async ({ openWorkspace, claim, expect }) => {
    const workspace = await openWorkspace({ ...guideSetup('recommended'), name: 'guide-recommended' });
    const model = await modelOf(workspace);
    await workspace.ok(
      `echo 'services: { app: { volumes: !override ["/app/dev_assets", "./repos:/repos"] } }' > wrong.yaml`,
    );
    const wrong = await modelOf(workspace, '-f compose.yaml -f wrong.yaml');
    await workspace.ok(`echo 'services: { app: { volumes: !reset [] } }' > none.yaml`);
    const none = await modelOf(workspace, '-f compose.yaml -f none.yaml');
    const assets = [model, wrong, none].map((one) => mountedAt(one, 'app', '/app/dev_assets'));
    const repos = [model, wrong, none].map((one) => namedVolumeAt(one, 'app', '/repos'));
    const told = (checks: typeof assets) =>
      checks.map(({ ok, evidence }) => note(`${ok ? 'passes' : 'fails'}: ${evidence}`));
    const [data, volume] = [assets, repos].map((checks) => checks.map(({ ok }) => ok).join());
    claim('K2', { asWritten: data === 'true,false,false' }, told(assets));
    claim('K3', { asWritten: volume === 'true,false,false' }, told(repos));
    expect(data).toBe('true,false,false');
    expect(volume).toBe('true,false,false');
  });

  test('K11, K12: what git tracks', async ({ openWorkspace, claim, expect }) => {
    const guide = await openWorkspace({ ...guideSetup('recommended'), name: 'guide-recommended' });
    await guide.ok(`cp .env.example .env && touch dev_assets/db.sqlite && ${COMMIT}`);
    const paths = ['.env', 'dev_assets/db.sqlite'];
    const written = await Promise.all(paths.map(async (path) => untracked(guide.folder, path)));
    // Too late: what was committed once stays, whatever .gitignore says.
    await guide.ok(`printf '.env\\ndev_assets/db.sqlite\\n' > .gitignore && git add .gitignore`);
    const ignoredLate = await Promise.all(paths.map(async (path) => untracked(guide.folder, path)));

    const reference = await openWorkspace({ ...REFERENCE_SETUP, name: 'reference-git' });
    const ignore = await readFile(new URL('.gitignore', ROOT), 'utf8');
    const own = ignore.split('\n').filter((line) => line.startsWith('compose/'));
    await reference.ok(`printf '%s\\n' ${own.map((line) => `'${line}'`).join(' ')} > .gitignore`);
    await reference.ok(
      `mkdir compose && mv .env.example dev_assets compose/ && cp compose/.env.example compose/.env && touch compose/dev_assets/db.sqlite && ${COMMIT}`,
    );
    const fixed = await Promise.all(paths.map(async (path) => untracked(reference.folder, `compose/${path}`)));
    for (const [at, id] of (['K11', 'K12'] as const).entries()) {
      claim(id, { asWritten: written[at]?.ok ?? null, withFix: fixed[at]?.ok === true }, [
        note('guide-silent: it names the rule and gives no .gitignore.'),
        note(`The guide's set-up, all of it added and committed: ${written[at]?.evidence}`),
        note(`… with the path in .gitignore afterwards: ${ignoredLate[at]?.evidence}`),
        note(`The reference stack with its .gitignore: ${fixed[at]?.evidence}`),
      ]);
    }
    expect(written.map(({ ok }) => ok)).toEqual([false, false]);
    expect(ignoredLate.map(({ ok }) => ok)).toEqual([false, false]);
    expect(fixed.map(({ ok }) => ok)).toEqual([true, true]);
  });

  test('K14: backup procedures in the documentation', async ({ claim, expect }) => {
    const reference = describesBackup(await readFile(new URL('docs/reference-stack.md', ROOT), 'utf8'));
    const silent = describesBackup('# App\n\nA text on nothing.\n\n## Backup\n\nSee the wiki.\n');
    claim('K14', { asWritten: silent.ok, withFix: reference.ok }, [
      note('guide-silent: it asks for the documentation and gives none to put there.'),
      note(`a page with a heading and no command: ${silent.evidence}`),
      note(`docs/reference-stack.md: ${reference.evidence}`),
    ]);
    expect(silent).toEqual({ ok: false, evidence: 'nothing on backup and restore' });
    expect(reference.ok).toBe(true);
  });
});

describe('looking at what there is', { timeout: 300_000 }, () => {
  test('B4: volumes are listed and inspected, `config` resolves; the report says the same', async ({
    bringUp,
    openWorkspace,
    claim,
    expect,
  }) => {
    const { session } = await bringUp('reference');
    const { stores } = await session.record();
    const workspace = await openWorkspace({ ...guideSetup('recommended'), name: 'guide-recommended' });
    const volume = stores.find(({ id }) => id === 'repos')?.source ?? '';
    const list = await workspace.sh('docker volume ls');
    const inspect = await workspace.sh(`docker volume inspect ${volume}`);
    const foreign = await workspace.sh('docker volume inspect another-folder_repos_data');
    const config = await workspace.sh('docker-compose config');
    const told = stores.map(({ id, layer }) => `${id}: ${layer}`).join(', ');
    const listed = list.stdout.includes(volume) && volume !== '';
    const described = inspect.exitCode === 0 && inspect.stdout.includes('"Mountpoint"');
    const resolved =
      config.exitCode === 0 && /source: \.\/dev_assets/.test(config.stdout) && config.stdout.includes('1001:1001');
    claim('B4', { asWritten: listed && described && resolved }, [
      SUBSTITUTES,
      ran({
        ...list,
        stdout: list.stdout
          .split('\n')
          .filter((line) => line.includes(volume))
          .join('\n'),
      }),
      ran({ ...inspect, stdout: /"Labels[\s\S]*?\}/.exec(inspect.stdout)?.[0].replaceAll(/\s+/g, ' ') ?? '' }),
      ran(foreign, 1),
      note(
        "The guide's name of the volume holds in a folder of one name alone: Compose puts the project's name before it.",
      ),
      note('`docker-compose config` shows the bind resolved and the user as 1001:1001'),
      note(`Outlast's report of the reference stack, without being asked: ${told}; repos on ${volume}`),
    ]);
    expect([listed, described, resolved]).toEqual([true, true, true]);
    expect(foreign.exitCode).toBe(1);
    expect(told).toContain('repos: named-volume');
    expect(told).toContain('db: bind');
  });
});
