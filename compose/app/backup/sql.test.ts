import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { openDatabase } from '../database.ts';
import { migrate } from '../migrations.ts';
import { startProcess, temporaryFolders } from '../test-app.ts';
import { dump } from './sql.ts';

/** Everything that a dump may get wrong. */
const AWKWARD = `
  CREATE TABLE "a ""quoted"" name" ("select" TEXT, "sum" TEXT GENERATED ALWAYS AS ("select" || '!') STORED);
  INSERT INTO "a ""quoted"" name" VALUES ('it''s'), (''), (NULL), ('line
break'), ('ünï ☃ 😀'), (CAST(x'610062' AS TEXT));
  CREATE TABLE numbers (value);
  INSERT INTO numbers VALUES (9223372036854775807), (-9223372036854775808), (0.1), (1e300), (1.0), (9e999),
    (5e-324), (0.30000000000000004), (x''), (x'00ff'), ('1');
  CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, parent REFERENCES counted (id));
  INSERT INTO counted VALUES (7, 9), (9, NULL);
  INSERT INTO counted VALUES (41, NULL);
  DELETE FROM counted WHERE id = 41;
  CREATE TABLE compact (k TEXT PRIMARY KEY, v ANY) STRICT, WITHOUT ROWID;
  INSERT INTO compact VALUES ('k', 1.5);
  CREATE UNIQUE INDEX by_value ON numbers (value, typeof(value));
  CREATE VIEW seen AS SELECT value FROM numbers;
  CREATE TRIGGER fired AFTER INSERT ON compact BEGIN INSERT INTO numbers VALUES ('fired'); END;
  PRAGMA user_version = 42;
  PRAGMA application_id = 7;
`;

function contentOf(database: Database.Database): unknown {
  const tables = database.prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all();
  return {
    schema: database.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY type, name').all(),
    rows: tables.toSorted().map((table) => {
      const quoted = `"${table.replaceAll('"', '""')}"`;
      return [table, database.prepare(`SELECT * FROM ${quoted}`).safeIntegers().raw().all()];
    }),
    pragmas: ['user_version', 'application_id'].map((pragma) => database.pragma(pragma)),
  };
}

test('every value, name and counter is the same after a round trip', () => {
  const original = new Database(':memory:');
  original.exec(AWKWARD);
  const copy = new Database(':memory:');
  copy.exec([...dump(original)].join('\n'));
  expect(contentOf(copy)).toEqual(contentOf(original));
  expect(contentOf(copy)).not.toEqual(contentOf(new Database(':memory:')));
});

test('into a database that has the tables it fails, and changes nothing', () => {
  const original = new Database(':memory:');
  original.exec(AWKWARD);
  const before = contentOf(original);
  expect(() => original.exec([...dump(original)].join('\n'))).toThrow(/already exists/);
  original.exec('ROLLBACK');
  expect(contentOf(original)).toEqual(before);
});

test('a virtual table is refused by name', () => {
  const database = new Database(':memory:');
  database.exec('CREATE VIRTUAL TABLE words USING fts5 (text)');
  expect(() => [...dump(database)]).toThrow(/words is a virtual table/);
});

test('to standard output, of one moment, while the app runs: SQL and nothing else', async () => {
  using folders = temporaryFolders();
  const database = openDatabase(folders.database);
  migrate(database, join(import.meta.dirname, '../migrations'), folders.backups);
  database.exec("INSERT INTO projects (name) VALUES ('only in the WAL')");
  await using app = startProcess('server.ts', folders);
  await app.url();
  const sql = execFileSync(process.execPath, [join(import.meta.dirname, 'dump.ts')], {
    encoding: 'utf8',
    env: { DATABASE_PATH: folders.database },
  });
  expect(sql.split('\n')[0]).toBe('PRAGMA foreign_keys=OFF;');
  expect(sql).toMatch(/only in the WAL[^]*COMMIT;\n$/);
  const copy = new Database(':memory:');
  copy.exec(sql);
  expect(contentOf(copy)).toEqual(contentOf(database));
  database.close();
});
