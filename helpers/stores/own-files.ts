import { lstatSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { isDatabase, isRepository } from '../probe/find-data.ts';
import { fileId, openFiles } from '../probe/open-files.ts';
import type { OwnGroup } from '../verdict/own-data.ts';
import { grouped } from './own.ts';
import { isVolatile } from './volatile.ts';

const MAX_DEPTH = 8;
const MAX_FILES = 20_000;
/** What SQLite keeps beside a database, and takes away when it is closed. */
const SIDECAR = /-(wal|shm|journal)$/;

/**
 * Files that hold something, by the folder of the place that they are in. One that is moved is known by its inode and the time it was made.
 * Left out: what nobody misses, what lies in repositories, and what a process is just writing; such a file is an engine's, or half there.
 */
export function ownFiles(place: string): OwnGroup[] {
  const { holds } = openFiles();
  const isBeingWritten = (path: string, id: string): boolean => holds.get(id) === 'writing' && !isDatabase(path);
  const entries = filesBelow(place).flatMap((path) => {
    const found = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    if (!found?.isFile() || found.size === 0n || isBeingWritten(path, fileId(found))) return [];
    const key = relative(place, path);
    const [first = ''] = key.split('/');
    const group = first === key ? place : join(place, first);
    return [{ group: `folder ${group}`, key, content: `${found.ino} ${found.birthtimeNs}` }];
  });
  return grouped('files', entries);
}

/** @throws Error where they are too many */
function filesBelow(place: string): string[] {
  const files: string[] = [];
  const visit = (folder: string, device: number, depth: number): void => {
    const entries = readdirSync(folder, { withFileTypes: true });
    if (isRepository(new Set(entries.map(({ name }) => name)))) return;
    for (const entry of entries) {
      if (isVolatile(entry.name) || SIDECAR.test(entry.name) || entry.name.startsWith('outlast-markers')) continue;
      const path = join(folder, entry.name);
      if (entry.isFile()) files.push(path);
      else if (entry.isDirectory() && depth < MAX_DEPTH && lstatSync(path).dev === device)
        visit(path, device, depth + 1);
      if (files.length > MAX_FILES) throw new Error(`${place} holds more than ${MAX_FILES} files.`);
    }
  };
  const found = lstatSync(place, { throwIfNoEntry: false });
  if (found?.isDirectory()) visit(place, found.dev, 0);
  return files;
}
