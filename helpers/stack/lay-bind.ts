import { chmod, chown, lstat, mkdir, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import type { ShadowBind } from './shadow.ts';

/**
 * Makes the shadow's own copy of a bind source. The original is only read.
 * A read-only bind and a single file are copied; any other folder begins with what git tracks in it, or with all of it where `whole` says so.
 */
export async function layBind(bind: ShadowBind, whole: boolean): Promise<void> {
  // Absent: the engine makes the source itself, as it would for the user.
  if (bind.kind === 'absent' || bind.kind === 'machine') return;
  await mkdir(dirname(bind.source), { recursive: true, mode: 0o755 });
  if (bind.kind === 'file') {
    // Followed, as the engine follows it.
    await copy(['-L', bind.original, bind.source]);
    return;
  }
  await mkdir(bind.source);
  // The folder itself comes along with its content.
  if (bind.readOnly || whole) await copy([`${bind.original}/.`, bind.source]);
  else await copyTracked(bind);
}

/** The files, and the folders that they lie in. */
async function copyTracked({ original, source, tracked }: ShadowBind): Promise<void> {
  const folders = new Map<string, string[]>([['.', []]]);
  for (const file of tracked) {
    // Deleted, or a repository of its own that was not fetched: there is nothing to copy.
    const found = await lstat(join(original, file)).catch(() => null);
    if (found === null || found.isDirectory()) continue;
    for (let folder = dirname(file); !folders.has(folder); folder = dirname(folder)) folders.set(folder, []);
    folders.get(dirname(file))?.push(join(original, file));
  }
  const outermostFirst = [...folders.keys()].toSorted();
  for (const folder of outermostFirst) {
    await mkdir(join(source, folder), { recursive: true });
    const files = folders.get(folder) ?? [];
    for (let at = 0; at < files.length; at += FILES_AT_ONCE)
      await copy([...files.slice(at, at + FILES_AT_ONCE), join(source, folder)]);
  }
  // Last, as a folder's time changes with what comes into it.
  for (const folder of outermostFirst.toReversed()) await likeFolder(join(original, folder), join(source, folder));
}

/** What a command line holds, however long the paths are. */
const FILES_AT_ONCE = 200;

/** With owners, modes, times, links, holes and extended attributes. Blocks are shared where the filesystem can. */
async function copy(operands: readonly string[]): Promise<void> {
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
