import { once } from 'node:events';
import { createReadStream, type Stats } from 'node:fs';
import { lstat, readdir, readlink, stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { Pack } from 'tar-stream';
import { byFolder } from '../files/host-files.ts';

/** Puts a file into an archive under another name. @param like in place of its own owner and mode */
export async function packFile(
  packed: Pack,
  original: string,
  name: string,
  like: Partial<Attributes> = {},
): Promise<void> {
  // Followed, as the engine follows it.
  const found = await stat(original);
  await packContent(packed, original, { ...headerOf(found), ...like, name, size: found.size });
}

/**
 * Puts a folder into an archive, with owners, modes, times and links.
 * @param name what it is called there; `.` for its content alone
 * @param only these files alone, by their path below it, and the folders that they lie in
 */
export async function packTree(packed: Pack, original: string, name: string, only?: readonly string[]): Promise<void> {
  const names = only === undefined ? await readdir(original, { recursive: true }) : await chosen(original, only);
  const first = new Map<string, string>();
  for (const below of ['.', ...names.toSorted()]) {
    const found = await lstat(join(original, below));
    const entry = posix.join(name, below.split(/[\\/]/).join('/'));
    const id = `${found.dev}:${found.ino}`;
    const linked = found.nlink > 1 && !found.isDirectory() ? first.get(id) : undefined;
    first.set(id, linked ?? entry);
    if (linked !== undefined) packed.entry({ ...headerOf(found), name: entry, type: 'link', linkname: linked });
    else if (found.isDirectory()) packed.entry({ ...headerOf(found), name: entry, type: 'directory' });
    else if (found.isSymbolicLink())
      packed.entry({
        ...headerOf(found),
        name: entry,
        type: 'symlink',
        linkname: await readlink(join(original, below)),
      });
    else if (found.isFIFO()) packed.entry({ ...headerOf(found), name: entry, type: 'fifo' });
    else if (found.isFile())
      await packContent(packed, join(original, below), { ...headerOf(found), name: entry, size: found.size });
  }
}

async function chosen(original: string, only: readonly string[]): Promise<string[]> {
  const folders = await byFolder(original, only);
  return [...[...folders.keys()].filter((folder) => folder !== '.'), ...[...folders.values()].flat()];
}

async function packContent(
  packed: Pack,
  original: string,
  header: Attributes & { name: string; size: number },
): Promise<void> {
  const sink = packed.entry(header);
  for await (const chunk of createReadStream(original)) if (!sink.write(chunk)) await once(sink, 'drain');
  sink.end(undefined);
}

interface Attributes {
  mode: number;
  uid: number;
  gid: number;
  mtime: Date;
}

function headerOf({ mode, uid, gid, mtime }: Stats): Attributes {
  return { mode: mode & 0o7777, uid, gid, mtime };
}
