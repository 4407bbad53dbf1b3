import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { openDatabase } from '../database.ts';
import { migrate } from '../migrations.ts';
import { type Folders, startProcess, temporaryFolders } from '../test-app.ts';
import { backupName } from './retention.ts';
import { isSetUp, takeBackup } from './take.ts';

function liveDatabase(folders: Folders) {
  const database = openDatabase(folders.database);
  migrate(database, join(import.meta.dirname, '../migrations'), folders.backups);
  const insert = database.prepare('INSERT INTO projects (name) VALUES (?)');
  return { insert: (name: string) => insert.run(name), [Symbol.dispose]: () => void database.close() };
}

function names(path: string): unknown[] {
  const database = new Database(path, { readonly: true });
  try {
    return database.prepare('SELECT name FROM projects ORDER BY rowid').pluck().all();
  } finally {
    database.close();
  }
}

test('rows that are still in the WAL are in the backup, which is one file', async () => {
  using folders = temporaryFolders();
  using live = liveDatabase(folders);
  live.insert('only in the WAL');
  const { file, schema } = await takeBackup(folders.database, folders.backups, Date.now());
  live.insert('after');
  expect(schema).toBe(2);
  expect(readdirSync(folders.backups)).toEqual([file]);
  expect(names(join(folders.backups, file))).toEqual(['only in the WAL']);
});

test('a database that nobody has open is backed up as well', async () => {
  using folders = temporaryFolders();
  {
    using live = liveDatabase(folders);
    live.insert('closed');
  }
  const { file } = await takeBackup(folders.database, folders.backups, Date.now());
  expect(names(join(folders.backups, file))).toEqual(['closed']);
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
