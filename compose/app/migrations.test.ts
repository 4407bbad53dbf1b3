import { cpSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { openDatabase } from './database.ts';
import { migrate } from './migrations.ts';
import { type Folders, temporaryFolders } from './test-app.ts';

function withMigrations(folders: Folders): string {
  const folder = join(folders.root, 'migrations');
  cpSync(join(import.meta.dirname, 'migrations'), folder, { recursive: true });
  return folder;
}

const schema = (database: Database.Database) => database.prepare('SELECT sql FROM sqlite_schema').pluck().all();

test('each version is applied once; a second run changes nothing and copies nothing', () => {
  using folders = temporaryFolders();
  const database = openDatabase(folders.database);
  const folder = withMigrations(folders);

  expect(migrate(database, folder, folders.backups)).toEqual([1, 2]);
  const before = schema(database);
  expect(migrate(database, folder, folders.backups)).toEqual([]);
  expect(schema(database)).toEqual(before);
  expect(readdirSync(folders.backups)).toEqual([]);
  database.close();
});

test('a migration that fails half-way leaves schema and rows as they were, with a copy that can be restored', () => {
  using folders = temporaryFolders();
  const database = openDatabase(folders.database);
  const folder = withMigrations(folders);
  migrate(database, folder, folders.backups);
  database.exec("INSERT INTO projects (name) VALUES ('kept')");
  const before = schema(database);
  writeFileSync(join(folder, '0003-good.sql'), 'ALTER TABLE projects ADD COLUMN colour TEXT');
  writeFileSync(join(folder, '0004-bad.sql'), "UPDATE projects SET name = 'spoilt'; INSERT INTO nowhere VALUES (1)");

  for (const _ of ['first start', 'restart', 'restart']) {
    expect(() => migrate(database, folder, folders.backups)).toThrow(/no such table: nowhere/);
  }

  expect(schema(database)).toEqual(before);
  expect(database.prepare('SELECT name FROM projects').pluck().all()).toEqual(['kept']);
  database.close();
  expect(readdirSync(folders.backups)).toEqual(['before-migration-2-to-4.sqlite']);
  const copy = new Database(join(folders.backups, 'before-migration-2-to-4.sqlite'), { readonly: true });
  expect(copy.pragma('integrity_check', { simple: true })).toBe('ok');
  expect(copy.prepare('SELECT name FROM projects').pluck().all()).toEqual(['kept']);
  copy.close();
});

test('a database of a newer app is refused, not touched', () => {
  using folders = temporaryFolders();
  const database = openDatabase(folders.database);
  const folder = withMigrations(folders);
  migrate(database, folder, folders.backups);
  database.exec("INSERT INTO schema_migrations VALUES (9, 'later', 'later')");
  expect(() => migrate(database, folder, folders.backups)).toThrow(/schema 9, this app knows 2/);
  database.close();
});

test('the database is opened so that an acknowledged commit outlives a power cut', () => {
  using folders = temporaryFolders();
  const database = openDatabase(folders.database);
  expect(database.pragma('journal_mode', { simple: true })).toBe('wal');
  expect(database.pragma('synchronous', { simple: true })).toBe(2);
  database.close();
});
