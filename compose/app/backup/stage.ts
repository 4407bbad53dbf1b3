import { copyFileSync, readFileSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { asFailure, Failure } from '../command.ts';
import { removeDatabase } from '../durable.ts';
import { verify } from './take.ts';

/**
 * Makes a database out of a backup or an SQL dump, and checks it. Returns its schema version. The original is only read.
 * Throws a `Failure`: backup-missing, backup-empty, backup-damaged, schema-too-new, disk-full, not-permitted.
 */
export function stage(backup: string, to: string, newestSchema: number): number {
  try {
    removeDatabase(to);
    const stats = statSync(backup, { throwIfNoEntry: false });
    if (!stats?.isFile()) throw new Failure('backup-missing', `${backup}: no such file`);
    if (stats.size === 0) throw new Failure('backup-empty', `${backup} is empty`);
    if (backup.endsWith('.sql')) load(readFileSync(backup, 'utf8'), to);
    else copyFileSync(backup, to);
    const schema = verify(to);
    if (schema > newestSchema)
      throw new Failure('schema-too-new', `${backup} has schema ${schema}, this app knows ${newestSchema}`);
    return schema;
  } catch (error) {
    throw asFailure(error, 'backup-damaged');
  }
}

/** A dump is one transaction: what does not end with its COMMIT was cut off. */
function load(sql: string, to: string): void {
  if (!/\bCOMMIT;\s*$/.test(sql))
    throw new Failure('backup-damaged', 'the dump does not end with COMMIT: it was cut off');
  const database = new Database(to);
  try {
    database.pragma('synchronous = OFF'); // whoever keeps it syncs the whole file
    database.exec(sql);
    const broken = database.pragma('foreign_key_check');
    if (!Array.isArray(broken) || broken.length > 0)
      throw new Failure('backup-damaged', 'the dump has references to rows that are missing');
  } finally {
    database.close();
  }
}
