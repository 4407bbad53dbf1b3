import { lstat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type * as operations from './file-operations.ts';

/** Files of the machine that an engine runs on, which need not be this one. Paths are absolute there. */
export interface HostFiles extends Readonly<typeof operations> {
  /** For what the stacks bind; empty at the start. */
  readonly folder: string;
  /** May a file be given to anybody? */
  readonly givesAway: boolean;
  /**
   * Copies a file of this machine, or a folder with all that is in it, with owners, modes, times and links. The folders that it goes into are made.
   * @param only of a folder: these files alone, by their path below it, and the folders that they lie in
   */
  copy(original: string, to: string, only?: readonly string[]): Promise<void>;
  /** Where a folder of this machine's is on that one, to be read alone. It is not to change. */
  bring(folder: string): Promise<string>;
}

/**
 * The files of a folder by the folders that they lie in, outermost first; all are paths below it.
 * A file that was deleted, or is a repository of its own that was not fetched, is left out.
 */
export async function byFolder(original: string, only: readonly string[]): Promise<Map<string, string[]>> {
  const folders = new Map<string, string[]>([['.', []]]);
  for (const file of only) {
    const found = await lstat(join(original, file)).catch(() => null);
    if (found === null || found.isDirectory()) continue;
    for (let folder = dirname(file); !folders.has(folder); folder = dirname(folder)) folders.set(folder, []);
    folders.get(dirname(file))?.push(file);
  }
  return new Map([...folders].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
