import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type Database from 'better-sqlite3';
import { verify } from './backup/take.ts';
import { publish, removeDatabase } from './durable.ts';
import { describe } from './log.ts';

interface Migration {
  version: number;
  file: string;
  sql: string;
}

/** The schema and the rows are as before. `copy` is the file that they were copied to, where it came to that. */
export class MigrationFailed extends Error {
  readonly code = 'migration-failed';
  readonly copy: string | null;

  constructor(cause: unknown, copy: string | null) {
    super(describe(cause).message, { cause });
    this.copy = copy;
  }
}

const FILE_NAME = /^(?<version>\d{4})-[a-z0-9-]+\.sql$/;

function readMigrations(folder: string): Migration[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .toSorted()
    .map((file) => {
      const version = FILE_NAME.exec(file)?.groups?.['version'];
      if (version === undefined) throw new Error(`${file}: a migration is named NNNN-what-it-does.sql`);
      return { version: Number(version), file, sql: readFileSync(join(folder, file), 'utf8') };
    });
}

/** What this app migrates to. */
export function newestVersion(folder: string): number {
  return Math.max(0, ...readMigrations(folder).map(({ version }) => version));
}

function currentVersion(database: Database.Database): number {
  return database.prepare<[], number>('SELECT coalesce(max(version), 0) FROM schema_migrations').pluck().get() ?? 0;
}

/**
 * Brings the schema to its newest version: all that is pending in one transaction, or nothing.
 * A database that already has a schema is copied into `backupDir` first. Returns the versions that were applied;
 * throws `MigrationFailed`.
 */
export function migrate(database: Database.Database, folder: string, backupDir: string): number[] {
  let copy: string | null = null;
  try {
    database.exec(`CREATE TABLE IF NOT EXISTS schema_migrations (
      version INTEGER PRIMARY KEY, file TEXT NOT NULL, applied_at TEXT NOT NULL) STRICT`);
    const migrations = readMigrations(folder);
    const newest = newestVersion(folder);
    const before = currentVersion(database);
    if (before > newest)
      throw new Error(`the database has schema ${before}, this app knows ${newest}: start a newer app`);
    if (before === newest) return [];
    if (before > 0) copy = copyBefore(database, backupDir, before, newest);
    const applied = apply(database, migrations);
    if (copy !== null) pruneCopies(backupDir);
    return applied;
  } catch (error) {
    throw new MigrationFailed(error, copy);
  }
}

function apply(database: Database.Database, migrations: Migration[]): number[] {
  return database
    .transaction(() => {
      // Read again under the lock: somebody else may have been faster.
      const from = currentVersion(database);
      const pending = migrations.filter(({ version }) => version > from);
      const record = database.prepare('INSERT INTO schema_migrations VALUES (?, ?, ?)');
      for (const { version, file, sql } of pending) {
        database.exec(sql);
        record.run(version, file, new Date().toISOString());
      }
      return pending.map(({ version }) => version);
    })
    .immediate();
}

const COPY_NAME = /^before-migration-(?<from>\d+)-to-\d+\.sqlite$/;

/** One file for each pair of versions: an app that fails to migrate and restarts again and again does not pile them up. */
function copyBefore(database: Database.Database, backupDir: string, from: number, to: number): string {
  mkdirSync(backupDir, { recursive: true });
  const final = join(backupDir, `before-migration-${from}-to-${to}.sqlite`);
  const partial = `${final}.partial`;
  try {
    removeDatabase(partial);
    database.prepare('VACUUM INTO ?').run(partial);
    verify(partial);
    publish(partial, final);
    return final;
  } finally {
    removeDatabase(partial);
  }
}

const KEPT_COPIES = 3;

/** The copies from the newest versions stay, after a migration that succeeded. */
function pruneCopies(backupDir: string): void {
  const copies = readdirSync(backupDir).filter((file) => COPY_NAME.test(file));
  const newestFirst = copies.toSorted((one, other) => migratedFrom(other) - migratedFrom(one));
  for (const file of newestFirst.slice(KEPT_COPIES)) rmSync(join(backupDir, file));
}

function migratedFrom(copy: string): number {
  return Number(COPY_NAME.exec(copy)?.groups?.['from']);
}
