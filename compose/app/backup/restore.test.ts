import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { openDatabase } from '../database.ts';
import { migrate } from '../migrations.ts';
import { type Folders, isRoot, post, projectNames, runCommand, startProcess, temporaryFolders } from '../test-app.ts';
import { backupName } from './retention.ts';
import { takeBackup } from './take.ts';

const MIGRATIONS = join(import.meta.dirname, '../migrations');

function write(folders: Folders, name: string): void {
  const database = openDatabase(folders.database);
  migrate(database, MIGRATIONS, folders.backups);
  database.prepare('INSERT INTO projects (name) VALUES (?)').run(name);
  database.close();
}

/** A backup with `before`; the database has `after` besides. */
async function backedUp(folders: Folders): Promise<string> {
  write(folders, 'before');
  const { file } = await takeBackup(folders.database, folders.backups, Date.now() - 1000);
  write(folders, 'after');
  return join(folders.backups, file);
}

const restore = async (folders: Folders, from: string) => runCommand('backup/restore.ts', folders, [from]);

test('the database is as it was; the replaced one is kept aside, once; owner and mode stay', async () => {
  using folders = temporaryFolders();
  const backup = await backedUp(folders);
  chmodSync(folders.database, 0o640);
  if (isRoot) chownSync(folders.database, 4242, 4343);
  const { uid, gid, mode, ino } = statSync(folders.database);

  expect(await restore(folders, backup)).toMatchObject({
    code: 0,
    last: { event: 'restore-done', file: backup, schema: 2, replaced: `${folders.database}.replaced` },
  });

  expect(projectNames(folders.database)).toEqual(['before']);
  expect(projectNames(`${folders.database}.replaced`)).toEqual(['before', 'after']);
  expect(statSync(folders.database)).toMatchObject({ uid, gid, mode });
  expect(statSync(folders.database).ino).not.toBe(ino);
  await restore(folders, backup);
  expect(projectNames(`${folders.database}.replaced`)).toEqual(['before']);
  expect(readdirSync(folders.data).toSorted()).toEqual([
    'config.json',
    'db.sqlite',
    'db.sqlite.lock',
    'db.sqlite.replaced',
  ]);
});

test('a -wal that a killed app left is not replayed over what was restored, and is in the replaced one', async () => {
  using folders = temporaryFolders();
  const backup = await backedUp(folders);
  {
    await using app = startProcess('server.ts', folders);
    await post(`${await app.url()}/api/projects`, { name: 'in the -wal' });
    await app.kill();
  }
  expect(statSync(`${folders.database}-wal`).size).toBeGreaterThan(0);
  expect(await restore(folders, backup)).toMatchObject({ code: 0 });
  expect(projectNames(folders.database)).toEqual(['before']);
  expect(projectNames(`${folders.database}.replaced`)).toEqual(['before', 'after', 'in the -wal']);
});

test('nor is the -wal of a database that somebody has removed', async () => {
  using folders = temporaryFolders();
  const backup = await backedUp(folders);
  {
    await using app = startProcess('server.ts', folders);
    await post(`${await app.url()}/api/projects`, { name: 'in the -wal' });
    await app.kill();
  }
  rmSync(folders.database);
  expect(await restore(folders, backup)).toMatchObject({ code: 0 });
  expect(projectNames(folders.database)).toEqual(['before']);
});

test('refused while the app runs, also on a damaged database, and while anybody else has it open', async () => {
  using folders = temporaryFolders();
  const backup = await backedUp(folders);
  const inUse = { code: 1, last: { event: 'restore-failed', code: 'database-in-use' } };
  {
    await using app = startProcess('server.ts', folders);
    await app.url();
    expect(await restore(folders, backup)).toMatchObject(inUse);
    writeFileSync(folders.database, 'garbage '.repeat(999));
    expect(await restore(folders, backup)).toMatchObject(inUse);
    await app.kill();
  }
  expect(await restore(folders, backup)).toMatchObject({ code: 0 });
  write(folders, 'later');
  const other = openDatabase(folders.database);
  other.prepare('SELECT 1 FROM projects').get();
  expect(await restore(folders, backup)).toMatchObject(inUse);
  other.close();
  expect(projectNames(folders.database)).toEqual(['before', 'later']);
});

test('a damaged database is replaced, and kept as it was', async () => {
  using folders = temporaryFolders();
  const backup = await backedUp(folders);
  writeFileSync(folders.database, 'garbage');
  writeFileSync(`${folders.database}-wal`, 'its wal');
  const { code, lines } = await restore(folders, backup);
  expect(code).toBe(0);
  expect(lines.map(({ event }) => event)).toEqual(['replaced-database-damaged', 'restore-done']);
  expect(projectNames(folders.database)).toEqual(['before']);
  expect(readFileSync(`${folders.database}.replaced`, 'utf8')).toBe('garbage');
});

test('onto a blank place', async () => {
  using folders = temporaryFolders();
  const backup = await backedUp(folders);
  using blank = temporaryFolders();
  expect(await restore(blank, backup)).toMatchObject({ code: 0, last: { replaced: null } });
  expect(projectNames(blank.database)).toEqual(['before']);
});

const spoilt = (make: (path: string) => void) => (backup: string) => {
  const path = `${backup}.spoilt`;
  copyFileSync(backup, path);
  make(path);
  return path;
};

describe('what is no good backup is refused, and the database stays as it is', () => {
  test.for([
    ['backup-missing', (backup: string) => `${backup}.nowhere`],
    ['backup-empty', spoilt((path) => truncateSync(path))],
    ['backup-damaged', spoilt((path) => writeFileSync(path, 'not a database'))],
    ['backup-damaged', spoilt((path) => truncateSync(path, statSync(path).size - 8192))],
    [
      'schema-too-new',
      spoilt((path) => {
        const database = new Database(path);
        database.exec("INSERT INTO schema_migrations VALUES (9, 'later', 'later')");
        database.close();
      }),
    ],
  ] as const)('%s', async ([reason, make]) => {
    using folders = temporaryFolders();
    const backup = make(await backedUp(folders));
    const { code, lines } = await restore(folders, backup);
    expect(code).toBe(1);
    expect(lines).toMatchObject([{ level: 'error', event: 'restore-failed', code: reason }]);
    expect(readdirSync(folders.data).toSorted()).toEqual(['config.json', 'db.sqlite', 'db.sqlite.lock']);
    expect(projectNames(folders.database)).toEqual(['before', 'after']);
  });
});

test('one of an older schema is restored, and the app migrates it', async () => {
  using folders = temporaryFolders();
  const old = join(folders.root, 'old');
  cpSync(join(MIGRATIONS, '0001-projects.sql'), join(old, '0001-projects.sql'));
  const database = openDatabase(folders.database);
  migrate(database, old, folders.backups);
  database.exec("INSERT INTO projects (name) VALUES ('old')");
  database.close();
  const { file } = await takeBackup(folders.database, folders.backups, Date.now());
  write(folders, 'new');
  expect(await restore(folders, join(folders.backups, file))).toMatchObject({ code: 0, last: { schema: 1 } });
  await using app = startProcess('server.ts', folders);
  expect(await (await fetch(`${await app.url()}/api/projects`)).json()).toMatchObject([{ name: 'old' }]);
  expect(await app.event('schema-ready')).toMatchObject({ applied: [2] });
});

test('latest is the newest good one', async () => {
  using folders = temporaryFolders();
  const backup = await backedUp(folders);
  writeFileSync(join(folders.backups, backupName(Date.now())), 'damaged');
  const { code, lines } = await restore(folders, 'latest');
  expect(code).toBe(0);
  expect(lines).toMatchObject([
    { event: 'backup-skipped', code: 'backup-damaged' },
    { event: 'restore-done', file: backup },
  ]);
  expect(projectNames(folders.database)).toEqual(['before']);
});

test('latest without any backup', async () => {
  using folders = temporaryFolders();
  write(folders, 'kept');
  expect(await restore(folders, 'latest')).toMatchObject({ code: 1, last: { code: 'backup-missing' } });
  expect(projectNames(folders.database)).toEqual(['kept']);
});

test('an SQL dump comes back, a truncated one does not', async () => {
  using folders = temporaryFolders();
  write(folders, 'before');
  const file = join(folders.backups, 'dump.sql');
  expect(await runCommand('backup/dump.ts', folders, [file])).toMatchObject({ code: 0, last: { event: 'dump-done' } });
  write(folders, 'after');
  const sql = readFileSync(file, 'utf8');
  const cut = join(folders.backups, 'cut.sql');
  writeFileSync(cut, sql.slice(0, sql.lastIndexOf('COMMIT')));
  expect(await restore(folders, cut)).toMatchObject({ code: 1, last: { code: 'backup-damaged' } });
  expect(projectNames(folders.database)).toEqual(['before', 'after']);
  expect(await restore(folders, file)).toMatchObject({ code: 0 });
  expect(projectNames(folders.database)).toEqual(['before']);
  expect(existsSync(`${file}.partial`)).toBe(false);
});
