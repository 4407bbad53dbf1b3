import { statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { codeOf } from './log.ts';

/**
 * WAL lets the backup read beside the app; with FULL a commit is on disk before it is acknowledged, so a power cut takes
 * none. Throws SQLite's own words when it cannot be opened or not be written to.
 */
export function openDatabase(path: string): Database.Database {
  const database = new Database(path);
  try {
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.pragma('foreign_keys = ON');
    database.pragma('busy_timeout = 5000');
    tryToWrite(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Asks the file, not the open connection: that one would go on answering from its cache, and writing, after the file
 * was removed, replaced, overwritten or given to somebody else under it.
 */
export function createHealthCheck(path: string): () => void {
  const opened = statSync(path).ino;
  return () => {
    if (statSync(path).ino !== opened) throw new Error('the database file was replaced while the app is running');
    const fresh = new Database(path, { fileMustExist: true, timeout: 100 });
    try {
      fresh.prepare('SELECT count(*) FROM projects').get();
      tryToWrite(fresh);
    } finally {
      fresh.close();
    }
  };
}

/**
 * BEGIN IMMEDIATE alone would do on a read-only file: SQLite makes a read transaction of it. Where somebody else is
 * writing at this moment, it can be written to.
 */
function tryToWrite(database: Database.Database): void {
  try {
    database.exec('BEGIN IMMEDIATE; PRAGMA user_version = 1; ROLLBACK');
  } catch (error) {
    if (codeOf(error) !== 'SQLITE_BUSY') throw error;
  }
}
