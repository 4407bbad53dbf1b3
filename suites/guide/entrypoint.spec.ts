import { describe } from 'vitest';
import { note, ran, SUBSTITUTES } from '../../fixtures/guide/evidence.ts';
import { guideSetup, REFERENCE_SETUP } from '../../fixtures/guide/setups.ts';
import { test } from '../../fixtures/outlast.ts';
import type { Said, Workspace } from '../../fixtures/workspace.ts';

/** Runs an image's entrypoint on a data folder as it is prepared, with `ls` in place of the server. */
async function tryOut(workspace: Workspace, image: string, prepare: string): Promise<Said> {
  await workspace.ok(`rm -rf case && mkdir case && cd case && ${prepare}`);
  return workspace.sh(`docker run --rm -v "$PWD/case:/app/dev_assets" ${image} ls -A /app/dev_assets`);
}

const MINE = 'chown 1001:1001 .';
const ROOTS = 'chown 0:0 . && chmod 755 .';
const CONFIG = `printf '{"title":"mine"}' > config.json`;
const DATABASE = 'touch db.sqlite && chown 1001:1001 db.sqlite';

/** Branches of an entrypoint, by the state of the folder it finds. */
async function branchesOf(workspace: Workspace, image: string) {
  const empty = await tryOut(workspace, image, MINE);
  const seeded = await workspace.ok('cat case/config.json');
  const config = await tryOut(workspace, image, `${MINE} && ${CONFIG} && chown 1001 config.json`);
  const kept = await workspace.ok('cat case/config.json');
  return {
    empty,
    seeded,
    config,
    kept,
    database: await tryOut(workspace, image, `${MINE} && ${DATABASE}`),
    foreign: await tryOut(workspace, image, ROOTS),
    foreignWithDatabase: await tryOut(workspace, image, `${ROOTS} && ${DATABASE}`),
  };
}

/** Stops the app with rows in its -wal. */
async function stopOf(workspace: Workspace) {
  await workspace.ask('/api/projects', { name: 'in the -wal' });
  const before = await workspace.ok('ls dev_assets');
  const init = await workspace.sh(`docker-compose exec -T app sh -c 'tr "\\0" " " < /proc/1/cmdline'`);
  const began = Date.now();
  const stop = await workspace.sh('docker-compose stop app');
  const seconds = (Date.now() - began) / 1000;
  const { State } = await workspace.container();
  return { before, init, stop, seconds, after: await workspace.ok('ls dev_assets'), exitCode: State.ExitCode };
}

describe('the entrypoint', { timeout: 300_000 }, () => {
  test('F2: seeds and hands over; says nothing where it cannot seed, and does not build as it stands', async ({
    openWorkspace,
    claim,
    expect,
  }) => {
    const guide = await openWorkspace({ ...guideSetup('recommended'), name: 'guide-recommended' });
    await guide.ok('chown -R 1001:1001 dev_assets && docker-compose build app');
    const written = await branchesOf(guide, 'guide-recommended-app');
    const appended = await guide.sh('DOCKERFILE=Dockerfile.appended docker-compose build app');
    await guide.ok('docker-compose up -d app');
    const guideStop = await stopOf(guide);

    const reference = await openWorkspace({ ...REFERENCE_SETUP, name: 'reference-entrypoint' });
    await reference.ok('docker-compose up -d --build app');
    const fixed = await branchesOf(reference, 'reference-entrypoint-app');
    const referenceStop = await stopOf(reference);

    const works = ({ empty, seeded, kept, database, foreignWithDatabase }: typeof written) =>
      empty.exitCode === 0 &&
      seeded.includes('{') &&
      kept.includes('mine') &&
      database.exitCode === 0 &&
      warns(foreignWithDatabase);
    const closes = ({ after, before }: typeof guideStop) => before.includes('-wal') && !after.includes('-wal');
    claim(
      'F2',
      {
        asWritten: works(written) && warns(written.foreign) && appended.exitCode === 0 && closes(guideStop),
        withFix: works(fixed) && warns(fixed.foreign) && closes(referenceStop),
      },
      [
        SUBSTITUTES,
        note('As the guide writes it:'),
        named('empty folder', written.empty),
        named('a configuration that is there is kept', written.config),
        named('a database that is there', written.database),
        named('a database in a folder of root', written.foreignWithDatabase),
        named('a folder of root: `set -e` ends it at the `cp`, before the warning', written.foreign),
        named('the two excerpts of the Dockerfile one after the other', lastOf(appended, /Operation not permitted/)),
        note(
          `PID 1 is ${guideStop.init.stdout.trim()}; SIGTERM: ended after ${guideStop.seconds.toFixed(1)} s, ${guideStop.after.split('\n').join(', ')} left`,
        ),
        note('The reference stack:'),
        named('empty folder', fixed.empty),
        named('a folder of root', fixed.foreign),
        named('a database in a folder of root', fixed.foreignWithDatabase),
        note(
          `PID 1 is ${referenceStop.init.stdout.trim()}; SIGTERM: ended after ${referenceStop.seconds.toFixed(1)} s, ${referenceStop.after.split('\n').join(', ')} left`,
        ),
      ],
    );

    for (const branches of [written, fixed]) {
      expect(branches.empty).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/config\.json/) });
      expect(branches.kept).toBe('{"title":"mine"}');
      expect(warns(branches.foreignWithDatabase)).toBe(true);
    }
    expect(written.empty.stdout).toMatch(/First run/);
    expect(written.database.stdout).toMatch(/Database found/);
    expect(written.foreign.exitCode).not.toBe(0);
    expect(warns(written.foreign)).toBe(false);
    expect(appended.exitCode).not.toBe(0);
    expect(appended.stdout + appended.stderr).toMatch(/chmod: .*Operation not permitted/);
    expect(warns(fixed.foreign)).toBe(true);
    for (const stop of [guideStop, referenceStop]) {
      expect(stop.init.stdout).toMatch(/tini/);
      expect(stop.before).toMatch(/db\.sqlite-wal/);
      expect(stop.after).not.toMatch(/db\.sqlite-wal/);
      expect(stop.exitCode).not.toBe(137);
      expect(stop.seconds).toBeLessThan(8);
    }
  });
});

/** Does it say that the folder cannot be written, and how to put that right? */
function warns({ stdout, stderr }: Said): boolean {
  return /not.writable/.test(stdout + stderr) && /chown/.test(stdout + stderr);
}

function named(what: string, said: Said) {
  return ran({ ...said, command: `${what}: entrypoint` }, 3);
}

function lastOf(said: Said, pattern: RegExp): Said {
  const line = `${said.stdout}\n${said.stderr}`.split('\n').findLast((one) => pattern.test(one)) ?? '';
  return { ...said, stdout: '', stderr: line };
}
