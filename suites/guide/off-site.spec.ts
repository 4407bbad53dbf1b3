import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dir } from 'tmp-promise';
import { describe } from 'vitest';
import { note, ran } from '../../fixtures/guide/evidence.ts';
import { counted, start, startAnew, test as base, writeTo } from '../../fixtures/guide/stacks.ts';
import { alarmNames, healthOf, restore } from '../../fixtures/reference-app.ts';
import { addProgram, addSsh, CI_PATH } from '../../fixtures/ci-programs.ts';
import { type S3Server, startS3Server } from '../../fixtures/s3-server.ts';
import { logLine } from '../../fixtures/service-log.ts';
import type { Workspace } from '../../fixtures/workspace.ts';
import { compareCopy, filesIn, inWords, isGood, PROJECTS, rowsIn } from '../../fixtures/write-load.ts';

const test = base.extend('s3', async ({}, { onCleanup }): Promise<S3Server> => {
  const opened = (async () => {
    const folder = await dir({ prefix: 'outlast-s3-', unsafeCleanup: true });
    return { folder, server: await startS3Server(folder.path) };
  })();
  onCleanup(async () => {
    const { folder, server } = await opened;
    await server[Symbol.asyncDispose]();
    await folder.cleanup();
  });
  return (await opened).server;
});

/** `ssh server COMMAND` that runs here, and `aws s3 cp FILE s3://…` into a folder that stands for the bucket. */
async function addSubstitutes(workspace: Workspace): Promise<void> {
  // The guide's command changes to no folder: the stack has to lie where ssh begins.
  await addSsh(workspace, workspace.folder);
  await addProgram(workspace, 'aws', 'exec cp "$3" "$BUCKET_FOLDER/$(basename "$3")"');
}

/** The two steps of the job; a runner ends with the first that fails. */
const NIGHTLY = `${CI_PATH}; set -e
ssh server "docker-compose exec -T app sqlite3 /app/dev_assets/db.sqlite .dump" > backup_nightly.sql
aws s3 cp backup_nightly.sql s3://backups/`;

describe('off-site', { timeout: 300_000 }, () => {
  test('F5: a nightly job dumps over SSH and uploads to S3', async ({ stacks, s3, claim, expect }) => {
    const guide = await stacks.guide('recommended');
    await startAnew(guide);
    await addSubstitutes(guide);
    const bucket = join(guide.folder, 'bucket');
    await mkdir(bucket);
    const env = { BUCKET_FOLDER: bucket };
    await using load = await writeTo(guide);
    const { span, result: nightly } = await load.during(async () => guide.sh(NIGHTLY, env));
    await load.stop();
    await guide.ok(
      `sqlite3() { docker-compose exec -T app sqlite3 "$@"; }; sqlite3 /app/dev_assets/from-dump.sqlite < backup_nightly.sql`,
    );
    const written = compareCopy(load.attempts(), span, await rowsIn(join(guide.folder, 'dev_assets/from-dump.sqlite')));
    // A page in the middle of the database is damaged: the dump breaks off.
    await guide.ok('docker-compose stop --timeout 10 app && rm -f backup_nightly.sql');
    await start(guide);
    await guide.ok('dd if=/dev/zero of=dev_assets/db.sqlite bs=4096 seek=6 count=2 conv=notrunc');
    await guide.ok('rm -f bucket/*');
    const damaged = await guide.sh(NIGHTLY, env);
    const [uploaded = ''] = await filesIn(bucket, /sql$/);
    const tail = uploaded === '' ? '' : await guide.ok(`tail -n 2 ${join(bucket, uploaded)}`);
    await guide.ok('docker-compose stop --timeout 0 app');
    const stopped = await guide.sh(NIGHTLY, env);
    await guide.ok('docker-compose stop --timeout 0 && rm -rf dev_assets/db* dev_assets/from*');

    const reference = await stacks.reference();
    await startAnew(reference);
    // What `npm ci` in app/ puts there on the machine that runs the job.
    const modules = fileURLToPath(new URL('../../node_modules', import.meta.url));
    await symlink(modules, join(reference.folder, 'app/node_modules'));
    await addSsh(reference);
    // The way of the nightly workflow: from a runner, over ssh.
    const job = `${CI_PATH}; SERVER_HOST=server SERVER_DIR=$PWD sh offsite-backup.sh`;
    const here = 'sh offsite-backup.sh';
    const upload = 'BACKUP_DIR=$PWD/backups node app/offsite/upload.ts';
    await using referenceLoad = await writeTo(reference);
    const { span: taking, result: sent } = await referenceLoad.during(async () => reference.sh(job, s3.env));
    await referenceLoad.stop();
    const objects = await s3.keys();

    await reference.ok('docker-compose run --rm --no-deps -T backup node backup/now.ts');
    const local = await filesIn(join(reference.folder, 'backups'), /^db-/);
    const quiet = await alarmNames(reference);
    const wrongSecret = await reference.sh(upload, { ...s3.env, AWS_SECRET_ACCESS_KEY: 'no-such-secret' });
    const refused = await alarmNames(reference);
    const afterUpload = await reference.sh(job, s3.env);
    const cleared = await alarmNames(reference);
    const wrongEndpoint = await reference.sh(job, { ...s3.env, S3_ENDPOINT: 'http://127.0.0.1:1' });
    const unreachable = await alarmNames(reference);
    const kept = await s3.keys();
    const localKept = await filesIn(join(reference.folder, 'backups'), /^db-/);
    const good = await reference.sh(here, s3.env);
    const clearedAgain = await alarmNames(reference);
    // Nobody is there to dump; the failure is told by the app that is started afterwards.
    await reference.ok('docker-compose stop --timeout 0 app');
    const noApp = await reference.sh(job, s3.env);
    const afterFailure = await s3.keys();
    await start(reference);
    const noDump = await healthOf(reference);
    // A server that cannot be reached is not told either: its alarm is the age of the last copy.
    const noServer = await reference.sh(`${CI_PATH}; SERVER_HOST=nobody SERVER_DIR=$PWD sh offsite-backup.sh`, s3.env);
    await reference.ok('docker-compose up -d --force-recreate --timeout 0 app', { ALARM_OFFSITE_AGE: '1' });
    await logLine(reference, 'app', (line) => line.includes('listening'));
    const old = await alarmNames(reference);

    // Back into an empty stack: the dump, by its name.
    const [dump = ''] = objects;
    await reference.ok('docker-compose down -v --timeout 0 && rm -rf dev_assets/* backups/*');
    const download = await reference.sh(`BACKUP_DIR=$PWD/backups node app/offsite/download.ts ${dump}`, s3.env);
    await reference.ok('chown 1001:1001 backups/*');
    const restored = await restore(reference, `/backups/${dump}`);
    await start(reference);
    await using probe = await reference.probe();
    const right = compareCopy(referenceLoad.attempts(), taking, await probe.read(PROJECTS));

    const [failing, tooOld] = ['offsite-failed', 'offsite-too-old'];
    const said = noDump.alarms.find(({ alarm }) => alarm === failing)?.message ?? 'nothing';
    const alarmed =
      [refused, unreachable].every((names) => names.includes(failing)) &&
      [quiet, cleared, clearedAgain].every((names) => !names.includes(failing) && !names.includes(tooOld)) &&
      said.includes('not running') &&
      old.includes(tooOld);
    const clear = [wrongSecret, wrongEndpoint, noApp, noServer].every(({ exitCode }) => exitCode !== 0);
    const [atFirst, inTheEnd] = [objects, afterFailure].map(({ length }) => length);
    // One more by each success, none by a failure.
    const safe =
      atFirst === 1 && kept.length === 2 && inTheEnd === 3 && local.length > 0 && localKept.join() === local.join();
    const verdict = claim(
      'F5',
      {
        asWritten: nightly.exitCode === 0 && isGood(written) && uploaded === '',
        withFix: isGood(right) && alarmed && clear && safe,
      },
      [
        note(
          `Substitutes: for the guide ssh and aws are scripts that run the command here and copy the file; for the reference ssh runs the command here too, the modules of its app are those of this repository, and S3 is the package s3rver on loopback.`,
        ),
        ran(nightly),
        counted(`as written, under write load, its dump read into an empty file: ${inWords(written)}`),
        note('as written, with a damaged page in the database:'),
        ran(damaged),
        note(`uploaded: ${uploaded === '' ? 'nothing' : `${uploaded}, unverified, which ends: ${tail}`}`),
        note('as written, with the app stopped:'),
        ran(stopped),
        ran(sent),
        ran(wrongSecret),
        ran(afterUpload),
        ran(wrongEndpoint),
        ran(good),
        ran(noApp),
        ran(noServer),
        note(
          `reference, is the alarm raised: before ${quiet.includes(failing)}, after the wrong secret ${refused.includes(failing)}, the next success ${cleared.includes(failing)}, the wrong endpoint ${unreachable.includes(failing)}, the next success ${clearedAgain.includes(failing)}, the failed dump: ${said}`,
        ),
        note(
          `reference, the copy too old: ${old.includes(tooOld)} with a limit of 1 s, ${clearedAgain.includes(tooOld)} with two days`,
        ),
        counted(
          `reference: objects in the bucket after the first copy, before the second failure, in the end: ${atFirst}, ${kept.length}, ${inTheEnd}`,
        ),
        ran(download),
        ran(restored),
        counted(`reference, downloaded and restored into an empty stack: ${inWords(right)}`),
      ],
    );
    expect.soft(wrongSecret.stdout + wrongSecret.stderr).toContain('offsite-refused');
    expect.soft(wrongEndpoint.stdout + wrongEndpoint.stderr).toContain('offsite-unreachable');
    expect.soft(alarmed).toBe(true);
    expect(verdict).toBe('holds-with-fix');
  });
});
