import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { openDatabase } from '../database.ts';
import { migrate } from '../migrations.ts';
import { isFailing, readStatus } from '../status.ts';
import { type Folders, isRoot, projectNames, runCommand, startProcess, temporaryFolders } from '../test-app.ts';
import { backupName } from './retention.ts';
import { isSetUp, takeBackup } from './take.ts';

function liveDatabase(folders: Folders) {
  const database = openDatabase(folders.database);
  migrate(database, join(import.meta.dirname, '../migrations'), folders.backups);
  const insert = database.prepare('INSERT INTO projects (name) VALUES (?)');
  return { insert: (name: string) => insert.run(name), [Symbol.dispose]: () => void database.close() };
}

test('rows that are still in the WAL are in the backup, which is one file', async () => {
  using folders = temporaryFolders();
  using live = liveDatabase(folders);
  live.insert('only in the WAL');
  const { file, schema } = await takeBackup(folders.database, folders.backups, Date.now());
  live.insert('after');
  expect(schema).toBe(2);
  expect(readdirSync(folders.backups)).toEqual([file]);
  expect(projectNames(join(folders.backups, file))).toEqual(['only in the WAL']);
});

test('a database that nobody has open is backed up as well', async () => {
  using folders = temporaryFolders();
  {
    using live = liveDatabase(folders);
    live.insert('closed');
  }
  const { file } = await takeBackup(folders.database, folders.backups, Date.now());
  expect(projectNames(join(folders.backups, file))).toEqual(['closed']);
});

function emptySchema(path: string): void {
  const database = new Database(path);
  database.exec('CREATE TABLE schema_migrations (version INTEGER)');
  database.close();
}

test.for([
  ['missing', () => undefined, 'unable to open database file'],
  ['empty', (path: string) => writeFileSync(path, ''), 'no such table: schema_migrations'],
  ['without a schema', emptySchema, 'the copy has no schema'],
  ['garbage', (path: string) => writeFileSync(path, 'garbage '.repeat(999)), 'file is not a database'],
] as const)(
  'a database that is %s is a failure, and leaves nothing that looks like a backup',
  async ([, make, why]) => {
    using folders = temporaryFolders();
    make(folders.database);
    expect(isSetUp(folders.database)).toBe(false);
    await expect(takeBackup(folders.database, folders.backups, Date.now())).rejects.toThrow(why);
    expect(readdirSync(folders.backups)).toEqual([]);
  },
);

test('the service backs up at its start, goes on, prunes, and stops at once', async () => {
  using folders = temporaryFolders();
  using live = liveDatabase(folders);
  live.insert('row');
  const old = backupName(Date.now() - 8 * 24 * 60 * 60 * 1000);
  writeFileSync(join(folders.backups, old), '');
  writeFileSync(join(folders.backups, `${old}.partial`), '');
  await using service = startProcess('backup/main.ts', folders, { BACKUP_INTERVAL: '0.05' });

  expect(await service.event('backup-pruned')).toMatchObject({ file: old });
  expect(readdirSync(folders.backups)).not.toContain(old);
  await service.event('backup-taken', { count: 3 });
  const before = performance.now();
  expect(await service.stop()).toBe(0);
  expect(performance.now() - before).toBeLessThan(1000);
  expect(readdirSync(folders.backups).filter((file) => file.includes('partial'))).toEqual([]);
});

test('a backup that fails is logged as such, with the age of the last good one, which stays', async () => {
  using folders = temporaryFolders();
  {
    using live = liveDatabase(folders);
    live.insert('row');
  }
  const old = backupName(Date.UTC(2020, 0, 1));
  writeFileSync(join(folders.backups, old), 'a good one');
  rmSync(folders.database);
  writeFileSync(folders.database, 'garbage '.repeat(999));
  await using service = startProcess('backup/main.ts', folders, { BACKUP_START_WAIT: '0' });
  expect(await service.event('backup-failed')).toMatchObject({
    level: 'error',
    code: 'SQLITE_NOTADB',
    lastGood: old,
    ageSeconds: expect.closeTo((Date.now() - Date.UTC(2020, 0, 1)) / 1000, -2),
  });
  expect(readdirSync(folders.backups).filter((file) => file.startsWith('db-'))).toEqual([old]);
});

test('a restart backs up when the last good one is older than the interval, and not when it is fresh', async () => {
  using folders = temporaryFolders();
  {
    using live = liveDatabase(folders);
    live.insert('row');
  }
  const hour = 60 * 60 * 1000;
  writeFileSync(join(folders.backups, backupName(Date.now() - hour)), 'a good one');
  {
    await using fresh = startProcess('backup/main.ts', folders, { BACKUP_INTERVAL: '7200' });
    // Not taken at the start: the next one is due in an hour. A backup by hand is taken all the same.
    expect(await fresh.event('backup-due')).toMatchObject({ inSeconds: expect.closeTo(3600, -2) });
    expect(await runCommand('backup/now.ts', folders)).toMatchObject({ code: 0, last: { event: 'backup-taken' } });
    expect(await fresh.stop()).toBe(0);
    expect(fresh.lines.map(({ event }) => event)).not.toContain('backup-taken');
  }
  expect(readStatus(folders.backups, 'backup')).toMatchObject({ successes: 1, failures: 0, lastFailure: null });
  await using overdue = startProcess('backup/main.ts', folders, { BACKUP_INTERVAL: '0.001' });
  await overdue.event('backup-taken');
});

test('a failure is in the status and the exit code; the next success takes it back', async () => {
  using folders = temporaryFolders();
  expect(await runCommand('backup/now.ts', folders)).toMatchObject({ code: 1, last: { event: 'backup-failed' } });
  const failed = readStatus(folders.backups, 'backup');
  expect(failed).toMatchObject({ successes: 0, failures: 1, lastFailure: { message: 'unable to open database file' } });
  expect(isFailing(failed)).toBe(true);
  {
    using live = liveDatabase(folders);
    live.insert('row');
  }
  await runCommand('backup/now.ts', folders);
  expect(isFailing(readStatus(folders.backups, 'backup'))).toBe(false);
});

test('a source with a damaged page gives no backup, and the old one stays', async () => {
  using folders = temporaryFolders();
  {
    using live = liveDatabase(folders);
    for (let row = 0; row < 500; row++) live.insert(`row ${row}`);
  }
  await takeBackup(folders.database, folders.backups, Date.now());
  const before = readdirSync(folders.backups);
  const bytes = readFileSync(folders.database);
  bytes.fill(0xaa, bytes.length - 4096);
  writeFileSync(folders.database, bytes);
  await expect(takeBackup(folders.database, folders.backups, Date.now() + 1)).rejects.toThrow(/damaged|malformed/);
  expect(readdirSync(folders.backups)).toEqual(before);
});

/** A small filesystem of its own, in a mount namespace that goes with the process. */
const canMount = isRoot && spawnSync('unshare', ['--mount', 'sh', '-c', 'mount -t tmpfs tmpfs /mnt']).status === 0;

test.runIf(canMount)('a full disk: a clear failure, the old backup is kept, no partial file stays', () => {
  using folders = temporaryFolders();
  {
    using live = liveDatabase(folders);
    for (let row = 0; row < 5000; row++) live.insert(`row ${row} ${'x'.repeat(100)}`);
  }
  const old = backupName(Date.UTC(2020, 0, 1));
  const script = `mount -t tmpfs -o size=128k tmpfs "$BACKUP_DIR" && echo good > "$BACKUP_DIR/${old}" &&
    "$1" "$2"; echo "code $?" >&2; ls "$BACKUP_DIR"; cat "$BACKUP_DIR/status-backup.json"`;
  const now = join(import.meta.dirname, 'now.ts');
  const { stdout, stderr } = spawnSync('unshare', ['--mount', 'sh', '-c', script, 'sh', process.execPath, now], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], DATABASE_PATH: folders.database, BACKUP_DIR: folders.backups },
  });
  expect(stderr).toContain('"event":"backup-failed"');
  expect(stderr).toContain('database or disk is full');
  expect(stderr).toContain('code 1\n');
  expect(stdout.split('{')[0]).toBe(`${old}\nstatus-backup.json\n`);
  expect(stdout).toContain('"failures": 1');
});
