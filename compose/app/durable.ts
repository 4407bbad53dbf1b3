import { closeSync, fsyncSync, openSync, renameSync } from 'node:fs';
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
