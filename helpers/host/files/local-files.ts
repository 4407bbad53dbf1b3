import { chmod, chown, mkdir, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import * as operations from './file-operations.ts';
import { byFolder, type HostFiles } from './host-files.ts';

/** Of an engine that runs on this machine, and sees what we see. */
export function localFiles(folder: string): HostFiles {
  return {
    ...operations,
    folder,
    givesAway: process.getuid?.() === 0,
    copy,
    bring: async (shared) => shared,
  };
}

async function copy(original: string, to: string, only?: readonly string[]): Promise<void> {
  await mkdir(dirname(to), { recursive: true, mode: 0o755 });
  if (!(await stat(original)).isDirectory()) {
    // Followed, as the engine follows it.
    await run(['-L', original, to]);
    return;
  }
  await mkdir(to);
  // The folder itself comes along with its content.
  if (only === undefined) await run([`${original}/.`, to]);
  else await copyFiles(original, to, only);
}

async function copyFiles(original: string, to: string, only: readonly string[]): Promise<void> {
  const folders = await byFolder(original, only);
  for (const [folder, names] of folders) {
    await mkdir(join(to, folder), { recursive: true });
    const files = names.map((name) => join(original, name));
    for (let at = 0; at < files.length; at += FILES_AT_ONCE)
      await run([...files.slice(at, at + FILES_AT_ONCE), join(to, folder)]);
  }
  // Last, as a folder's time changes with what comes into it.
  for (const folder of [...folders.keys()].toReversed()) await likeFolder(join(original, folder), join(to, folder));
}

/** What a command line holds, however long the paths are. */
const FILES_AT_ONCE = 200;

/** With holes and extended attributes too. Blocks are shared where the filesystem can. */
async function run(operands: readonly string[]): Promise<void> {
  const precise = await execa('cp', ['-a', '--reflink=auto', '--sparse=always', ...operands], { reject: false });
  if (precise.exitCode === 0) return;
  // Elsewhere than with GNU's `cp`, the two options are not known.
  if (!/(unrecognized|illegal|unknown|invalid) option/.test(precise.stderr)) throw precise as Error;
  await execa('cp', ['-a', ...operands]);
}

/** Times to the millisecond. */
async function likeFolder(original: string, copied: string): Promise<void> {
  const { mode, uid, gid, atime, mtime } = await stat(original);
  // Only root gives anything away; on the engine of somebody else the folder stays his.
  await chown(copied, uid, gid).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
  });
  await chmod(copied, mode & 0o7777);
  await utimes(copied, atime, mtime);
}
