import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type Database from 'better-sqlite3';
import { publish } from './durable.ts';

interface Migration {
  version: number;
  file: string;
  sql: string;
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

function currentVersion(database: Database.Database): number {
  return database.prepare<[], number>('SELECT coalesce(max(version), 0) FROM schema_migrations').pluck().get() ?? 0;
}

/**
 * Brings the schema to its newest version: all that is pending in one transaction, or nothing.
 * A database that already has a schema is copied into `backupDir` first. Returns the versions that were applied.
 */
export function migrate(database: Database.Database, folder: string, backupDir: string): number[] {
  database.exec(`CREATE TABLE IF NOT EXISTS schema_migrations (
    version INTEGER PRIMARY KEY, file TEXT NOT NULL, applied_at TEXT NOT NULL) STRICT`);
  const migrations = readMigrations(folder);
  const newest = Math.max(0, ...migrations.map(({ version }) => version));
  const before = currentVersion(database);
  if (before > newest)
    throw new Error(`the database has schema ${before}, this app knows ${newest}: start a newer app`);
  if (before === newest) return [];
  if (before > 0) copyBefore(database, backupDir, before, newest);

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

/** One file for each pair of versions: an app that fails to migrate and restarts again and again does not pile them up. */
function copyBefore(database: Database.Database, backupDir: string, from: number, to: number): void {
  mkdirSync(backupDir, { recursive: true });
  const final = join(backupDir, `before-migration-${from}-to-${to}.sqlite`);
  const partial = `${final}.partial`;
  rmSync(partial, { force: true });
  database.prepare('VACUUM INTO ?').run(partial);
  publish(partial, final);
}
