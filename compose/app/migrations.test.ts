import { cpSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { openDatabase } from './database.ts';
import { migrate, MigrationFailed } from './migrations.ts';
import { type Folders, health, post, startProcess, temporaryFolders } from './test-app.ts';

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

test('copies do not pile up: those from the three newest versions stay', () => {
  using folders = temporaryFolders();
  const database = openDatabase(folders.database);
  const folder = withMigrations(folders);
  migrate(database, folder, folders.backups);
  for (let version = 3; version <= 7; version++) {
    writeFileSync(join(folder, `000${version}-more.sql`), `CREATE TABLE more_${version} (id)`);
    migrate(database, folder, folders.backups);
  }
  database.close();
  expect(readdirSync(folders.backups).toSorted()).toEqual(
    [4, 5, 6].map((from) => `before-migration-${from}-to-${from + 1}.sqlite`),
  );
});

test('without a copy nothing is migrated', () => {
  using folders = temporaryFolders();
  const database = openDatabase(folders.database);
  const folder = withMigrations(folders);
  migrate(database, folder, folders.backups);
  writeFileSync(join(folder, '0003-good.sql'), 'CREATE TABLE more (id)');
  const before = schema(database);
  rmSync(folders.backups, { recursive: true });
  writeFileSync(folders.backups, 'a file where the folder should be');
  expect(() => migrate(database, folder, folders.backups)).toThrow(MigrationFailed);
  expect(schema(database)).toEqual(before);
  database.close();
});

test('the running app: a migration that fails is an alarm, nobody can write, and the mended one goes through', async () => {
  using folders = temporaryFolders();
  const folder = withMigrations(folders);
  const environment = { MIGRATIONS_DIR: folder };
  {
    await using app = startProcess('server.ts', folders, environment);
    await post(`${await app.url()}/api/projects`, { name: 'kept' });
    await app.stop();
  }
  writeFileSync(join(folder, '0003-bad.sql'), "UPDATE projects SET name = 'spoilt'; INSERT INTO nowhere VALUES (1)");
  const copy = join(folders.backups, 'before-migration-2-to-3.sqlite');
  {
    await using app = startProcess('server.ts', folders, environment);
    const url = await app.url();
    expect(await app.event('migration-failed')).toMatchObject({ message: 'no such table: nowhere', copy });
    expect(await app.event('alarm-raised')).toMatchObject({ alarm: 'migration-failed' });
    const ill = await health(url);
    expect(ill).toMatchObject({ code: 503, reason: 'no such table: nowhere', names: ['migration-failed'] });
    expect(ill.alarms[0]?.message).toContain(copy);
    expect(await post(`${url}/api/projects`, { name: 'x' })).toMatchObject({ status: 503 });
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('\napp_migration_failed 1\n');
    expect(app.lines.filter(({ event }) => event === 'migration-failed')).toHaveLength(1);
    await app.stop();
  }
  writeFileSync(join(folder, '0003-bad.sql'), 'CREATE TABLE somewhere (id)');
  await using app = startProcess('server.ts', folders, environment);
  const url = await app.url();
  expect(await health(url)).toMatchObject({ code: 200, alarms: [] });
  expect(await (await fetch(`${url}/api/projects`)).json()).toMatchObject([{ name: 'kept' }]);
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
