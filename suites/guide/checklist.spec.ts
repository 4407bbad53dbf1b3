import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe } from 'vitest';
import { mountedAt, namedVolumeAt, untracked } from '../../fixtures/guide/checks.ts';
import { note, ran, rows, SUBSTITUTES } from '../../fixtures/guide/evidence.ts';
import { scriptsOn } from '../../fixtures/guide/page-commands.ts';
import { guideSetup, REFERENCE_SETUP } from '../../fixtures/guide/setups.ts';
import { test } from '../../fixtures/outlast.ts';
import type { Said, Workspace } from '../../fixtures/workspace.ts';
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
    // This repository itself, and what the check says there of a file that is tracked.
    const root = fileURLToPath(ROOT);
    const here = await Promise.all(paths.map(async (path) => untracked(root, `compose/${path}`)));
    const tracked = await untracked(root, 'compose/.env.example');
    for (const [at, id] of (['K11', 'K12'] as const).entries()) {
      const clean = fixed[at]?.ok === true && here[at]?.ok === true;
      claim(id, { asWritten: written[at]?.ok ?? null, withFix: clean }, [
        note('guide-silent: it names the rule and gives no .gitignore.'),
        note(`The guide's set-up, all of it added and committed: ${written[at]?.evidence}`),
        note(`… with the path in .gitignore afterwards: ${ignoredLate[at]?.evidence}`),
        note(`The reference stack with its .gitignore, all of it added and committed: ${fixed[at]?.evidence}`),
        note(`This repository: ${here[at]?.evidence}`),
      ]);
    }
    expect(written.map(({ ok }) => ok)).toEqual([false, false]);
    expect(ignoredLate.map(({ ok }) => ok)).toEqual([false, false]);
    expect(fixed.map(({ ok }) => ok)).toEqual([true, true]);
    expect(here.map(({ ok }) => ok)).toEqual([true, true]);
    expect(tracked.ok).toBe(false);
  });

  test('K14: following the backup procedures of the documentation brings the data back', async ({
    openWorkspace,
    claim,
    expect,
  }) => {
    const guide = await openWorkspace({ ...guideSetup('recommended'), name: 'guide-recommended' });
    await guide.ok('chown -R 1001:1001 dev_assets && docker-compose up -d --build app');
    const own = await readFile(new URL('fixtures/guide/pages/own-procedures.md', ROOT), 'utf8');
    const written = await follow(guide, own, 'docker-compose stop app && rm -f dev_assets/db.sqlite*');
    await guide.ok('docker-compose down --timeout 0');

    // The name that the page gives to the volume.
    const reference = await openWorkspace({ ...REFERENCE_SETUP, name: 'outlast-reference' });
    await reference.ok('docker-compose up -d --build --wait');
    await reference.ask('/api/repos', { name: 'kept' });
    const change = { path: 'file', content: 'kept', message: 'kept' };
    const commit = await reference.ask('/api/repos/kept/commits', change);
    const page = await readFile(new URL('docs/reference-stack.md', ROOT), 'utf8');
    const lose = 'docker-compose stop app backup && rm -rf dev_assets/*';
    const followed = await follow(reference, page, lose, async () => reference.ask('/api/repos', { name: 'after' }));
    const { body } = await reference.ask('/api/repos/kept/commits');
    const stranger = (await reference.ask('/api/repos/after/commits')).status;
    const commits = (body as { id: string }[]).map(({ id }) => id);
    const repositories = commits.join() === (commit.body as { id: string }).id && stranger === 404;

    const silent = '# App\n\nA text on nothing.\n\n## Backup\n\nSee the wiki.\n';
    const verdict = claim('K14', { asWritten: worked(written), withFix: worked(followed) && repositories }, [
      note('guide-silent: it asks for the documentation and gives none to put there.'),
      note('the check: the commands of the page, a loss of everything in between; the rows must be back'),
      note("A page with the guide's own commands, followed on its recommended set-up:"),
      ...[...written.backup, ...written.restore].map((said) => ran(said, 1)),
      rows('served in the end', written.served),
      note('docs/reference-stack.md, followed on the reference stack:'),
      ...[...followed.backup, ...followed.restore].map((said) => ran(said, 1)),
      rows('served in the end', followed.served),
      rows('commits of the restored repository', commits),
    ]);
    expect(verdict).toBe('holds-with-fix');
    expect(written.backup.map(({ exitCode }) => exitCode)).toEqual([127]);
    expect(followed.backup).toHaveLength(3);
    expect(followed.restore).toHaveLength(2);
    expect(repositories).toBe(true);
    expect(PROCEDURES.map((title) => scriptsOn(silent, title))).toEqual([[], []]);
  });
});

const PROCEDURES = [/back ?up/i, /restor|recover/i] as const;

/** What came of following a page. */
interface Followed {
  readonly backup: readonly Said[];
  readonly restore: readonly Said[];
  readonly served: readonly string[];
}

/** Backs up as the page says, writes more, loses the data, and restores as the page says. */
async function follow(
  workspace: Workspace,
  page: string,
  lose: string,
  more: () => Promise<unknown> = async () => {},
): Promise<Followed> {
  const runAll = async (title: RegExp) => {
    const said: Said[] = [];
    for (const script of scriptsOn(page, title))
      said.push({ ...(await workspace.sh(`set -e\n${script}`)), command: script });
    return said;
  };
  const [onBackup, onRestore] = PROCEDURES;
  await workspace.ask('/api/projects', { name: 'kept' });
  const backup = await runAll(onBackup);
  await workspace.ask('/api/projects', { name: 'after' });
  await more();
  await workspace.ok(lose);
  const restore = await runAll(onRestore);
  // A page that breaks off may leave the app stopped.
  const { Running } = (await workspace.container()).State;
  return { backup, restore, served: Running ? await workspace.projects() : [] };
}

/** Were there commands for both, did all of them work, and is what was backed up there again, and nothing else? */
function worked({ backup, restore, served }: Followed): boolean {
  const clean = [backup, restore].every((said) => said.length > 0 && said.every(({ exitCode }) => exitCode === 0));
  return clean && served.join() === 'kept';
}

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
