import { readFile } from 'node:fs/promises';
import { describe } from 'vitest';
import { writableBy } from '../../fixtures/guide/checks.ts';
import { note, ran, rows, SUBSTITUTES } from '../../fixtures/guide/evidence.ts';
import { scriptsOn } from '../../fixtures/guide/page-commands.ts';
import { guideSetup, REFERENCE_SETUP } from '../../fixtures/guide/setups.ts';
import { test } from '../../fixtures/outlast.ts';
import type { Workspace } from '../../fixtures/workspace.ts';

const MINE = 'chown -R 1001:1001 dev_assets && chmod 755 dev_assets && chmod 644 dev_assets/*';
const PATHS = ['', '/db.sqlite', '/db.sqlite-wal', '/db.sqlite-shm'].map((part) => `dev_assets${part}`);

/** Starts the app and asks it for a write: `written`, what it answers, or what it dies of. */
async function tryWrite(workspace: Workspace, name: string): Promise<string> {
  const since = await workspace.start();
  return writeOf(workspace, name, since);
}

async function writeOf(workspace: Workspace, name: string, since: string): Promise<string> {
  const died = async (): Promise<string | undefined> => {
    if ((await workspace.container()).RestartCount === 0) return undefined;
    const lines = (await workspace.log(since)).split('\n');
    return lines.find((line) => /Error:|can't create/.test(line))?.trim();
  };
  const answered = async (): Promise<string> => {
    const { status, body } = await workspace.ask('/api/projects', { name });
    return status === 201 ? 'written' : `${status} ${(body as { error: string }).error}`;
  };
  return Promise.any([workspace.until(died), answered()]);
}

/** What a remedy did to data of another user. */
interface Cure {
  /** Status of the health, before it. */
  readonly sick: number;
  /** Status of a write to the database, and of one to a repository that was there, after it. */
  readonly wrote: number;
  readonly repo: number;
  readonly user: string;
  readonly served: readonly string[];
  /** Served after `down` and `up`. */
  readonly again: readonly string[];
}

function inWords({ sick, wrote, repo, user, served, again }: Cure): string {
  return `health ${sick} before; after it, as ${user}, a write ${wrote} and a commit ${repo}; served ${served.join(', ')}, and after \`down\` and \`up\` ${again.join(', ')}`;
}

/** Was it sick, can it write now, and is the old row there, to stay? */
function isCured({ sick, wrote, repo, served, again }: Cure): boolean {
  return (
    sick === 503 && wrote === 201 && repo === 201 && [served, again].every((rowsNow) => rowsNow.includes('before'))
  );
}

/** How the reference stack tells of owners that do not match, and how often it was started again for them. */
async function reportOf(workspace: Workspace, owners: string) {
  await workspace.halt();
  await workspace.ok(owners);
  await workspace.start();
  const { status, body } = await workspace.ask('/api/health');
  const { reason, alarms } = body as { reason?: string; alarms: { alarm: string; path?: string }[] };
  const culprits = alarms.flatMap(({ alarm, path }) => (alarm === 'not-writable' && path !== undefined ? [path] : []));
  // It goes on answering: a container that ends would be a new one by now, or counted.
  const again = await workspace.ask('/api/health');
  const { RestartCount, State } = await workspace.container();
  const starts = State.Running && again.status === status ? RestartCount : Infinity;
  return { status, reason: reason ?? '', culprits, starts };
}

/** Compose with another file on top. */
function named(file = 'named.yaml'): string {
  return `docker-compose -f compose.yaml -f ${file}`;
}

/** The same of an app that Compose has just started. */
async function upWrite(workspace: Workspace, name: string): Promise<string> {
  return writeOf(workspace, name, '0');
}

async function check(workspace: Workspace, uid = 1001, gid = uid) {
  return writableBy(
    uid,
    gid,
    PATHS.map((path) => `${workspace.folder}/${path}`),
  );
}

describe('a folder that belongs to somebody else', { timeout: 300_000 }, () => {
  test('I3, K4: the two messages, and the check that foresees them', async ({ openWorkspace, claim, expect }) => {
    const workspace = await openWorkspace({ ...guideSetup('stack'), name: 'guide-stack' });
    await workspace.ok('chown -R 1001:1001 dev_assets && docker-compose up -d --build');
    await workspace.ask('/api/projects', { name: 'before' });
    await workspace.halt();
    const matching = await check(workspace);

    const tryWith = async (owners: string) => {
      await workspace.halt();
      await workspace.ok(owners);
      const checked = await check(workspace);
      return { said: await tryWrite(workspace, owners), checked };
    };
    const folder = await tryWith('chown 0:0 dev_assets');
    const file = await tryWith(`${MINE} && chown 0:0 dev_assets/db.sqlite`);
    const both = await tryWith('chown -R 0:0 dev_assets');
    const absent = await tryWith('mkdir aside && mv dev_assets/db.sqlite* aside/');
    await workspace.halt();
    await workspace.ok(`mv aside/* dev_assets/ && ${MINE}`);
    await workspace.start();
    const after = await workspace.projects();
    const unable = /unable to open database file/;
    const readonly = /attempt to write a readonly database/;

    const reference = await openWorkspace({ ...REFERENCE_SETUP, name: 'reference-mismatch' });
    await reference.ok('docker-compose up -d --build app');
    await reference.ask('/api/projects', { name: 'before' });
    const told = {
      'the folder belongs to root': await reportOf(reference, 'chown 0:0 dev_assets'),
      'the file belongs to root': await reportOf(reference, `${MINE} && chown 0:0 dev_assets/db.sqlite`),
      'both belong to root': await reportOf(reference, 'chown -R 0:0 dev_assets'),
      'the folder belongs to root and there is no database': await reportOf(
        reference,
        'mkdir aside && mv dev_assets/db.sqlite* aside/',
      ),
    };
    await reference.halt();
    await reference.ok(`mv aside/* dev_assets/ && ${MINE}`);
    await reference.start();
    const served = await reference.projects();
    const messages = [folder, file, both, absent].map(({ said }) => said);
    claim(
      'I3',
      {
        asWritten:
          messages.every((said) => unable.test(said) || readonly.test(said)) &&
          messages.some((said) => unable.test(said)) &&
          messages.some((said) => readonly.test(said)),
      },
      [
        SUBSTITUTES,
        note(`the folder belongs to root: ${folder.said}`),
        note(`the file belongs to root: ${file.said}`),
        note(`both belong to root: ${both.said}`),
        note(`the folder belongs to root and there is no database: ${absent.said}`),
        note(
          'A 500 is a refused write of an app that runs and calls itself healthy; the others end and are started again and again.',
        ),
        rows('after the owner was put right', after),
        ...Object.entries(told).map(([what, { status, reason, culprits, starts }]) =>
          note(
            `the reference stack, ${what}: ${status} ${reason}; not writable: ${culprits.join(', ')}; ${starts} restarts`,
          ),
        ),
        rows('the reference stack, after the owner was put right', served),
      ],
    );

    await workspace.halt();
    await workspace.ok('chown -R 0:0 dev_assets && chmod 777 dev_assets && chmod 666 dev_assets/*');
    const loose = await check(workspace);
    await workspace.ok('chmod 644 dev_assets/db.sqlite');
    const folderAlone = await check(workspace);
    claim('K4', { asWritten: matching.ok && loose.ok && !both.checked.ok }, [
      note(`match: ${matching.evidence}`),
      note(`world-writable, passed but called loose: ${loose.evidence}`),
      note(`neither: ${both.checked.evidence}`),
      note(`the folder alone is not enough: ${folderAlone.evidence}`),
    ]);

    expect(folder.said).toMatch(readonly);
    expect(absent.said).toMatch(unable);
    expect(file.said).toMatch(readonly);
    expect(both.said).toMatch(readonly);
    expect(after).toEqual(['before']);
    const reports = Object.values(told);
    expect(reports.map(({ status, starts }) => [status, starts])).toEqual(reports.map(() => [503, 0]));
    for (const { culprits } of reports) expect(culprits).not.toEqual([]);
    expect(reports.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(readonly),
      expect.stringMatching(readonly),
      expect.stringMatching(readonly),
      expect.stringMatching(unable),
    ]);
    expect(served).toEqual(['before']);
    expect([matching.ok, loose.ok, folderAlone.ok]).toEqual([true, true, false]);
    expect([folder, file, both].map(({ checked }) => checked.ok)).toEqual([false, false, false]);
  });

  test('T1: chown cures it; 777 and 666 do not where a tool has left its sidecars', async ({
    openWorkspace,
    claim,
    expect,
  }) => {
    const workspace = await openWorkspace({ ...guideSetup('stack'), name: 'guide-stack' });
    await workspace.ok('chown -R 1001:1001 dev_assets && docker-compose up -d --build');
    await workspace.ask('/api/projects', { name: 'before' });
    // The three remedies on a folder that root has worked in, sidecars and all.
    const spoil = `chown -R 0:0 dev_assets && chmod 755 dev_assets && chmod 644 dev_assets/* && node leave-sidecars.mjs; test -e dev_assets/db.sqlite-wal`;
    await workspace.ok(`cat > leave-sidecars.mjs <<'END'\n${LEAVE_SIDECARS}\nEND`);
    const remedy = async (name: string, fix: string) => {
      await workspace.halt();
      await workspace.ok(spoil, { SAID: name });
      await workspace.ok(fix);
      const checked = await check(workspace);
      return { said: await tryWrite(workspace, name), checked };
    };
    const own = await remedy('chown to me', 'chown -R $(id -u):$(id -g) dev_assets/');
    // The same with what the guide gives to go with it: a user that is not root, and the app as that user.
    const me = 4242;
    await workspace.halt();
    await workspace.ok(spoil, { SAID: 'me and UID' });
    await workspace.ok(`setpriv --reuid=${me} --regid=${me} --clear-groups sh -c 'echo "$(id -u):$(id -g)"' > me`);
    await workspace.ok(`chown -R "$(cat me)" dev_assets/ && printf 'UID=${me}\\nGID=${me}\\n' > .env`);
    await workspace.ok(`cat > user.yaml <<'END'\n${USER}END`);
    await workspace.ok(`${named('user.yaml')} up -d --timeout 0 app`);
    const paired = { said: await upWrite(workspace, 'me and UID'), checked: await check(workspace, me) };
    await workspace.ok('rm .env && docker-compose up -d --timeout 0 app');
    const production = await remedy('chown to 1001', 'chown -R 1001:1001 dev_assets/');
    const loose = await remedy('777 and 666', 'chmod 777 dev_assets/ && chmod 666 dev_assets/db.sqlite');
    const looseToo = await remedy('the sidecars too', 'chmod 777 dev_assets/ && chmod 666 dev_assets/db.sqlite*');
    await workspace.halt();
    await workspace.ok(MINE);
    await workspace.start();
    const all = await workspace.projects();

    const reference = await openWorkspace({ ...REFERENCE_SETUP, name: 'reference-permissions' });
    await reference.ok('docker-compose up -d --build app');
    await reference.ask('/api/projects', { name: 'before' });
    await reference.halt();
    await reference.ok('chown -R 0:0 dev_assets');
    await reference.start();
    const sick = await reference.ask('/api/health');
    const fix = /docker compose run .*? chown app -R 1001:1001 \/app\/dev_assets/.exec(JSON.stringify(sick.body))?.[0];
    await reference.halt();
    const applied = await reference.sh(fix ?? 'false');
    await reference.start();
    const cured = await reference.projects();
    claim(
      'T1',
      {
        asWritten: [paired, production, loose].every(({ said }) => said === 'written'),
        withFix: sick.status === 503 && applied.exitCode === 0 && cured.includes('before'),
      },
      [
        SUBSTITUTES,
        note('Root had worked in the folder and left db.sqlite, -wal and -shm.'),
        note(`chown to the own ids (root here), the app as 1001 all the same: ${own.said}`),
        note(`chown to the own ids (${me} here), the app as UID and GID of .env, which are these: ${paired.said}`),
        note(`chown -R 1001:1001: ${production.said}`),
        note(`chmod 777 and 666: ${loose.said}; ${loose.checked.evidence}`),
        note(`the sidecars made 666 as well: ${looseToo.said}; anybody on the machine may change the data then`),
        rows('served in the end', all),
        note(`The reference stack says so itself: health ${sick.status}, with the command that puts it right.`),
        ran(applied, 1),
        rows('served by the reference stack after that', cured),
      ],
    );
    const remedies = [own, paired, production, loose, looseToo];
    expect(remedies.map(({ said }) => said === 'written')).toEqual([false, true, true, false, true]);
    expect(remedies.map(({ checked }) => checked.ok)).toEqual([false, true, true, false, true]);
    expect(all).toEqual(expect.arrayContaining(['before', 'me and UID', 'root: chown to 1001', 'root: 777 and 666']));
    expect([sick.status, applied.exitCode]).toEqual([503, 0]);
    expect(cured).toEqual(['before']);
  });

  test('F3a, F3b, F3c: own ids, a named volume, an init service', async ({ openWorkspace, claim, expect }) => {
    const workspace = await openWorkspace({ ...guideSetup('recommended'), name: 'guide-recommended' });
    // Data of another user, before anything is tried.
    const other = 4242;
    await workspace.ok(`chown -R ${other}:${other} dev_assets && docker-compose build app`);
    const asOther = { UID: String(other), GID: String(other) };
    await workspace.ok('docker-compose up -d app', asOther);
    await workspace.ask('/api/projects', { name: 'before' });

    // F3a without .env: a shell has UID, and does not hand it on.
    const shell = await workspace.sh(
      `bash -c 'echo "UID=$UID"; docker-compose config --format json | grep "\\"user\\""'`,
    );
    await workspace.ok('docker-compose up -d --timeout 0 app');
    const byDefault = await upWrite(workspace, 'by default');
    await workspace.ok(
      `echo UID=${other} >> .env && echo GID=${other} >> .env && docker-compose up -d --timeout 0 app`,
    );
    const withEnv = await upWrite(workspace, 'with .env');
    const repos = await workspace.sh('docker-compose exec -T app sh -c "id -u; touch /repos/x"');
    const kept = await workspace.projects();

    /** One of the reference stack's overlays, on data that was given to another. */
    const cureBy = async (overlay: string, first?: string): Promise<Cure> => {
      const stack = await openWorkspace({
        ...REFERENCE_SETUP,
        name: `${overlay.replaceAll('.', '-')}${first === undefined ? '' : '-prepared'}`,
        files: [...REFERENCE_SETUP.files, overlay],
      });
      // The overlay may ask for ids that are not there yet.
      const plain = { COMPOSE_FILE: REFERENCE_SETUP.files.join(':') };
      await stack.ok('docker-compose up -d --build app', plain);
      await stack.ask('/api/projects', { name: 'before' });
      // An empty volume would be given to whoever comes.
      await stack.ask('/api/repos', { name: 'before' });
      await stack.halt();
      await stack.ok(`chown -R ${other}:${other} dev_assets`);
      await stack.start();
      const { status: sick } = await stack.ask('/api/health');
      if (first !== undefined) await stack.ok(first, plain);
      await stack.ok('docker-compose up -d --timeout 0 app');
      const { status: wrote } = await stack.ask('/api/projects', { name: 'after' });
      const { status: repo } = await stack.ask('/api/repos/before/commits', COMMIT);
      const user = await stack.ok('docker-compose exec -T app id -u');
      const served = await stack.projects();
      await stack.ok('docker-compose down --timeout 2 && docker-compose up -d app');
      const again = await stack.projects();
      await stack.ok('docker-compose down -v --timeout 0');
      return { sick, wrote, repo, user, served, again };
    };
    const ownIds = await cureBy('compose.host-uid.yaml', `echo UID=${other} >> .env && echo GID=${other} >> .env`);
    claim(
      'F3a',
      {
        asWritten: byDefault === 'written' && withEnv === 'written' && repos.exitCode === 0,
        withFix: isCured(ownIds),
      },
      [
        SUBSTITUTES,
        ran(shell),
        note(`without .env: ${byDefault}`),
        note(`with UID and GID in .env: ${withEnv}`),
        rows('served then', kept),
        ran(repos),
        note('The database is cured, the repositories are not: their volume has the owner of the image, 1001.'),
        note(
          `The reference stack with the same .env and compose.host-uid.yaml: ${inWords(ownIds)}; its init hands the volume over.`,
        ),
      ],
    );

    // F3b: the same data, then a named volume in place of the bind.
    await workspace.ok('rm .env');
    await workspace.ok(`cat > named.yaml <<'END'\n${NAMED_VOLUME}END`);
    await workspace.ok(`${named()} up -d --timeout 0 app`);
    const onVolume = await upWrite(workspace, 'on the volume');
    const first = await workspace.projects();
    await workspace.ok(`${named()} down --timeout 0 && ${named()} up -d app`);
    const second = await workspace.projects();
    await workspace.ok(`${named()} down --timeout 0`);
    await workspace.ok('docker volume rm guide-recommended_dev_assets_data');
    await workspace.ok(`${named()} up -d --timeout 0 app`, asOther);
    const foreignVolume = await upWrite(workspace, 'as another');
    const page = await readFile(new URL('../../docs/reference-stack.md', import.meta.url), 'utf8');
    const move = scriptsOn(page, /^Moving the database into the volume$/).join('\n');
    const emptyVolume = await cureBy('compose.named-volume.yaml');
    const ownVolume = await cureBy('compose.named-volume.yaml', move);
    claim('F3b', { asWritten: onVolume === 'written' && second.includes('before'), withFix: isCured(ownVolume) }, [
      SUBSTITUTES,
      note(`the same folder of ${other} beside it, app as 1001 on a named volume: ${onVolume}`),
      rows('served on the volume', first),
      rows('after `down` and `up`', second),
      note(
        'The error is gone, and so is the row of before: it stays behind in the folder, and nothing carries it over.',
      ),
      note(`An empty volume takes its owner from the image; app as ${other}: ${foreignVolume}`),
      note(`The reference stack with compose.named-volume.yaml alone: ${inWords(emptyVolume)}`),
      note(`… with the command of docs/reference-stack.md that moves the database first: ${inWords(ownVolume)}`),
    ]);

    // F3c: an init service hands the folder to 1001, before the app starts.
    await workspace.ok(`cat > init.yaml <<'END'\n${INIT_SERVICE}END`);
    const before = await workspace.sh('stat -c %u:%g dev_assets/db.sqlite');
    const up = await workspace.sh(`${named('init.yaml')} up -d --timeout 0 app`);
    const withInit = await upWrite(workspace, 'after init');
    const served = await workspace.projects();
    const [init, app] = [await workspace.container('init'), await workspace.container()];
    const inOrder = Date.parse(init.State.FinishedAt) <= Date.parse(app.State.StartedAt);
    const owner = await workspace.sh('stat -c %u:%g dev_assets/db.sqlite');
    const ownInit = await cureBy('compose.init-chown.yaml');
    claim('F3c', { asWritten: withInit === 'written' && served[0] === 'before' && inOrder }, [
      SUBSTITUTES,
      ran(before),
      ran(up, 1),
      note(
        `init ended at ${init.State.FinishedAt} with exit ${init.State.ExitCode}, the app started at ${app.State.StartedAt}`,
      ),
      ran(owner),
      rows('served', served),
      note('It takes the data from its owner on the host, whoever that is.'),
      note(`The reference stack with compose.init-chown.yaml: ${inWords(ownInit)}`),
    ]);

    expect(shell.stdout).toMatch(/UID=0\n.*1001:1001/);
    expect(byDefault).not.toBe('written');
    expect(withEnv).toBe('written');
    expect(kept).toEqual(['before', 'with .env']);
    expect(repos).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/Permission denied/) });
    expect([onVolume, first, second]).toEqual(['written', ['on the volume'], ['on the volume']]);
    expect(foreignVolume).not.toBe('written');
    expect(before.stdout).toBe(`${other}:${other}`);
    expect([withInit, served[0], inOrder, owner.stdout]).toEqual(['written', 'before', true, '1001:1001']);
    const right = { sick: 503, wrote: 201, repo: 201, served: ['before', 'after'], again: ['before', 'after'] };
    expect(ownIds).toEqual({ ...right, user: String(other) });
    // A volume begins empty; an init service keeps the data in its place.
    expect(emptyVolume).toEqual({ ...right, user: '1001', served: ['after'], again: ['after'] });
    expect(ownVolume).toEqual({ ...right, user: '1001' });
    expect(ownInit).toEqual({ ...right, user: '1001' });
  });
});

const COMMIT = { path: 'file', content: 'text', message: 'after' };

const USER = `services:
  app:
    user: '\${UID:-1001}:\${GID:-1001}'
`;

const NAMED_VOLUME = `services:
  app:
    volumes: !override
      - dev_assets_data:/app/dev_assets
      - repos_data:/repos
volumes:
  dev_assets_data:
    driver: local
`;

const INIT_SERVICE = `services:
  init:
    image: alpine:latest
    volumes: ['./dev_assets:/data']
    command: sh -c "mkdir -p /data && chown -R 1001:1001 /data && echo 'Permissions fixed'"
  app:
    depends_on:
      init:
        condition: service_completed_successfully
`;

/** What a tool that root ran on the database leaves when it is killed. */
const LEAVE_SIDECARS = `import Database from 'better-sqlite3';
const database = new Database('dev_assets/db.sqlite');
database.prepare('INSERT INTO projects (name) VALUES (?)').run('root: ' + process.env.SAID);
process.kill(process.pid, 'SIGKILL');`;
