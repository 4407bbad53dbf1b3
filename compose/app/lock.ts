import Database from 'better-sqlite3';
import { Failure } from './command.ts';
import { codeOf } from './log.ts';

/**
 * Who has the database open holds this lock shared; a restore takes it alone. A lock on the database itself would not
 * do: SQLite takes none on a file that is damaged, which is when one restores. It is an open transaction on an
 * empty file beside it: the kernel drops it with its process, and containers on one host see each other's.
 */
export function holdLock(databasePath: string): Disposable {
  return transaction(databasePath, 'BEGIN; SELECT count(*) FROM sqlite_schema', 'a restore is under way');
}

export function takeLock(databasePath: string): Disposable {
  return transaction(databasePath, 'BEGIN EXCLUSIVE', 'another process has the database open: stop the app first');
}

function transaction(databasePath: string, begin: string, taken: string): Disposable {
  const lock = new Database(`${databasePath}.lock`, { timeout: 0 });
  try {
    lock.exec(begin);
    return { [Symbol.dispose]: () => void lock.close() };
  } catch (error) {
    lock.close();
    throw codeOf(error) === 'SQLITE_BUSY' ? new Failure('database-in-use', taken) : error;
  }
}
