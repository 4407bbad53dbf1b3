import { statSync } from 'node:fs';
import Database from 'better-sqlite3';

/** WAL lets the backup read beside the app; with FULL a commit is on disk before it is acknowledged, so a power cut takes none. */
export function openDatabase(path: string): Database.Database {
  const database = new Database(path);
  try {
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.pragma('foreign_keys = ON');
    database.pragma('busy_timeout = 5000');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Asks the file, not the open connection: that one would go on answering from its cache after the file was
 * removed, replaced or overwritten under it, and every later write would be lost.
 */
export function createHealthCheck(path: string): () => void {
  const opened = statSync(path).ino;
  return () => {
    using fresh = disposable(new Database(path, { readonly: true }));
    if (statSync(path).ino !== opened) throw new Error('the database file was replaced while the app is running');
    fresh.database.prepare('SELECT count(*) FROM projects').get();
  };
}

function disposable(database: Database.Database): Disposable & { database: Database.Database } {
  return { database, [Symbol.dispose]: () => void database.close() };
}
