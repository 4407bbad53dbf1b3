import { on } from 'node:events';
import { statSync, watch } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { publish, removeDatabase } from '../durable.ts';
import { type Backup, backupName } from './retention.ts';

/** A consistent copy while the app writes: SQLite's own backup, which sees the WAL; `cp` does not. */
export async function takeBackup(
  source: string,
  folder: string,
  now: number,
): Promise<Backup & { bytes: number; schema: number }> {
  const file = backupName(now);
  const partial = join(folder, `${file}.partial`);
  try {
    const database = new Database(source, { readonly: true, timeout: 10_000 });
    try {
      // In one step: a backup in several starts over at each write of the app, and may never end.
      await database.backup(partial, { progress: () => 0x7fffffff });
    } finally {
      database.close();
    }
    const schema = verify(partial);
    publish(partial, join(folder, file));
    return { file, takenAt: now, bytes: statSync(join(folder, file)).size, schema };
  } finally {
    removeDatabase(partial);
  }
}

/** Waits for the app to create the database; after `withinMs`, or where the folder cannot be watched, no longer. */
export async function untilSetUp(source: string, withinMs: number): Promise<void> {
  try {
    using folder = watched(dirname(source));
    const changes = on(folder.watcher, 'change', { signal: AbortSignal.timeout(withinMs) });
    if (isSetUp(source)) return;
    for await (const change of changes) {
      const [, file]: unknown[] = change;
      if (String(file).startsWith(basename(source)) && isSetUp(source)) return;
    }
  } catch {
    // The backup itself says what is wrong.
  }
}

function watched(folder: string) {
  const watcher = watch(folder);
  return { watcher, [Symbol.dispose]: () => watcher.close() };
}

/** False until the app has created the database and its schema. */
export function isSetUp(source: string): boolean {
  try {
    const database = new Database(source, { readonly: true });
    try {
      return schemaOf(database) !== null;
    } finally {
      database.close();
    }
  } catch {
    return false;
  }
}

function schemaOf(database: Database.Database): unknown {
  return database.prepare('SELECT max(version) FROM schema_migrations').pluck().get();
}

/** Opens the copy as a restore would. Returns its schema version; throws unless it is sound and has one. */
export function verify(path: string): number {
  const copy = new Database(path, { fileMustExist: true });
  try {
    // A backup is one file: out of WAL mode, so that it can be read without sidecars and from a read-only place.
    copy.pragma('journal_mode = DELETE');
    const integrity = copy.pragma('integrity_check', { simple: true });
    if (integrity !== 'ok') throw new Error(`the copy is damaged: ${String(integrity)}`);
    const version = schemaOf(copy);
    if (typeof version !== 'number') throw new Error('the copy has no schema: the database was never set up');
    return version;
  } finally {
    copy.close();
  }
}
