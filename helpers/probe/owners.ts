import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Entry } from '../verdict/permissions.ts';

/**
 * Whose a place is: a folder with what lies in it, or a file with its folder and the files that begin with its name,
 * as the sidecars of a database do. What is absent is left out.
 */
export function ownersOf(path: string): Entry[] {
  const place = entryOf(path);
  const isFolder = place?.kind === 'folder';
  const folder = isFolder ? path : dirname(path);
  const names = namesIn(folder).filter((name) => isFolder || name.startsWith(basename(path)));
  return [folder, ...names.map((name) => join(folder, name))].flatMap((each) => entryOf(each) ?? []);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch {
    return [];
  }
}

function entryOf(path: string): Entry | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) return undefined;
  const { uid, gid, mode } = found;
  return { path, kind: found.isDirectory() ? 'folder' : 'file', uid, gid, mode: mode & 0o7777 };
}
