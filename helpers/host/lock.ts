import { setTimeout as delay } from 'node:timers/promises';
import Database from 'better-sqlite3';

/** Held until it is released or its process ends, however it ends: the kernel drops it. */
export interface Lock {
  release(): void;
}

/** Takes the lock at `file` (made if absent), or returns `null` when another holder, in this process or another, has it. */
export function tryLock(file: string): Lock | null {
  return take(file, 'BEGIN EXCLUSIVE');
}

/** Takes a part in the lock at `file`, as any number of holders may while nobody has it alone; `null` where somebody has. */
export function tryShare(file: string): Lock | null {
  // It is reading that takes the part.
  return take(file, 'BEGIN; SELECT * FROM sqlite_schema');
}

function take(file: string, statements: string): Lock | null {
  const database = new Database(file, { timeout: 0 });
  try {
    database.exec(statements);
  } catch (error) {
    database.close();
    if (error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY')) return null;
    throw error;
  }
  return { release: () => void database.close() };
}

/** Does something while the lock is held, as soon as it is free. The kernel announces no release, so it is asked again and again. */
export async function withLock<T>(file: string, action: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  for (;;) {
    signal?.throwIfAborted();
    const lock = tryLock(file);
    if (lock) {
      try {
        return await action();
      } finally {
        lock.release();
      }
    }
    await delay(50, undefined, signal ? { signal } : {});
  }
}
