import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';

/** On disk before this returns: a file's bytes, or a directory's entries. */
export function sync(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** The file appears under its final name whole or not at all, even when the power goes. */
export function publish(partial: string, final: string): void {
  sync(partial);
  renameSync(partial, final);
  sync(dirname(final));
}

/** What SQLite keeps beside a database. A stale one would be replayed over whatever takes the database's place. */
export const SIDECARS = ['-wal', '-shm', '-journal'] as const;

export function removeDatabase(path: string): void {
  for (const suffix of ['', ...SIDECARS]) rmSync(`${path}${suffix}`, { force: true });
}
