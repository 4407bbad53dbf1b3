import type Database from 'better-sqlite3';
import { Failure } from '../command.ts';

interface SchemaRow {
  type: 'table' | 'index' | 'trigger' | 'view';
  name: string;
  sql: string;
}

/**
 * A database as SQL, statement by statement: tables with their rows, then what is built on them, COMMIT last. Run it
 * inside a read transaction. Throws `dump-unsupported` for virtual tables.
 */
export function* dump(database: Database.Database): Generator<string> {
  const schema = database
    .prepare<[], SchemaRow>('SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid')
    .all();
  const virtual = schema.find(({ sql }) => /^CREATE VIRTUAL TABLE/i.test(sql));
  if (virtual !== undefined) throw new Failure('dump-unsupported', `${virtual.name} is a virtual table: take a backup`);

  yield 'PRAGMA foreign_keys=OFF;';
  yield 'BEGIN TRANSACTION;';
  const tables = schema.filter(({ type, name }) => type === 'table' && !name.startsWith('sqlite_'));
  for (const { name, sql } of tables) {
    yield `${sql};`;
    yield* rows(database, name);
  }
  if (schema.some(({ name }) => name === 'sqlite_sequence')) {
    yield 'DELETE FROM sqlite_sequence;';
    yield* rows(database, 'sqlite_sequence');
  }
  // Rows first: a trigger must not fire again, and an index is built faster at once.
  for (const { type, sql } of schema) if (type !== 'table') yield `${sql};`;
  for (const pragma of ['user_version', 'application_id'])
    yield `PRAGMA ${pragma}=${Number(database.pragma(pragma, { simple: true }))};`;
  yield 'COMMIT;';
}

function* rows(database: Database.Database, table: string): Generator<string> {
  const columns = database
    .prepare<[string], string>('SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0') // without generated ones
    .pluck()
    .all(table)
    .map(identifier);
  const values = database
    .prepare<[], string>(`SELECT ${columns.map(literal).join(" || ',' || ")} FROM ${identifier(table)}`)
    .pluck();
  for (const row of values.iterate()) yield `INSERT INTO ${identifier(table)} (${columns.join(',')}) VALUES (${row});`;
}

function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** SQLite's own quote() writes every value so that it reads back the same, but ends a text at its first NUL. */
function literal(column: string): string {
  return `CASE WHEN typeof(${column}) = 'text' AND instr(${column}, char(0))
    THEN 'CAST(x''' || hex(${column}) || ''' AS TEXT)' ELSE quote(${column}) END`;
}
