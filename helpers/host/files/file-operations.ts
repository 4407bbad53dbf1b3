import { lchown, lstat, mkdir, readdir, rename as move, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** What lies somewhere below a folder, or the folder itself. */
export interface FileEntry {
  readonly path: string;
  readonly isFolder: boolean;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

export type Owned = Pick<FileEntry, 'path' | 'uid' | 'gid'>;

/** The path itself first; what goes away meanwhile is left out. Nothing where there is nothing. */
export async function list(path: string): Promise<FileEntry[]> {
  const names = await readdir(path, { recursive: true }).catch(() => []);
  const entries = await Promise.all(
    [path, ...names.map((name) => join(path, name))].map(async (each): Promise<FileEntry[]> => {
      const found = await lstat(each).catch(() => null);
      if (!found) return [];
      return [{ path: each, isFolder: found.isDirectory(), uid: found.uid, gid: found.gid, mode: found.mode }];
    }),
  );
  return entries.flat();
}

/** Gives each to its new owner; what has gone away meanwhile is left out. */
export async function give(owned: readonly Owned[]): Promise<void> {
  for (const { path, uid, gid } of owned) {
    await lchown(path, uid, gid).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    });
  }
}

/** Removes a file or a folder with all that is in it; nothing need be there. */
export async function remove(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
}

/** Makes a folder that anybody may look into, with those that it lies in; it may be there. */
export async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o755 });
}

/** Gives a file or folder another path on the same filesystem: it stays the same one. */
export async function rename(from: string, to: string): Promise<void> {
  await move(from, to);
}

/** Tells a file or folder from a later one at the same path. `null`: there is none. */
export async function identityOf(path: string): Promise<string | null> {
  const found = await stat(path, { bigint: true }).catch(() => null);
  return found && `${found.ino} ${found.birthtimeNs}`;
}
