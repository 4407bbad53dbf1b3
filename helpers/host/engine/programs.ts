import { access, constants, realpath } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { TRIPLET } from '../image-parts.ts';

/** Folders of programs below a root. */
const PROGRAM_FOLDERS: readonly string[] = [
  'usr/sbin',
  'usr/bin',
  'sbin',
  'bin',
  'usr/libexec/docker/cli-plugins',
  'usr/lib/docker/cli-plugins',
];

/** The first of `folders` that holds a program of this name, as its path. */
export async function findProgram(name: string, folders: readonly string[]): Promise<string | null> {
  for (const folder of folders) {
    const file = path.join(folder, name);
    if (
      await access(file, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return file;
  }
  return null;
}

/** The folders of PATH, and those where administrators' programs live even when PATH leaves them out. */
export function pathFolders(env: NodeJS.ProcessEnv): string[] {
  return [...new Set([...(env['PATH'] ?? '').split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin'])].filter(Boolean);
}

/** The folders below a root where packages put programs. */
export function programFoldersOf(root: string): string[] {
  return PROGRAM_FOLDERS.map((folder) => path.join(root, folder));
}

/** The folders below a root where packages put shared libraries. */
export function libraryFoldersOf(root: string): string[] {
  return [path.join(root, 'usr/lib', TRIPLET), path.join(root, 'lib', TRIPLET)];
}

/** What a program says of its version, or `null` when it does not run here. */
export async function versionOf(
  program: string,
  args: readonly string[],
  libraries: readonly string[] = [],
): Promise<string | null> {
  const result = await execa(program, args, {
    reject: false,
    stdin: 'ignore',
    timeout: 20_000,
    env: libraries.length > 0 ? { LD_LIBRARY_PATH: libraries.join(':') } : {},
  });
  if (result.exitCode !== 0) return null;
  return /\d+\.\d+(?:\.\d+)?/.exec(result.stdout)?.[0] ?? null;
}

/** Whether a program needs no loader and no libraries. */
export async function isStatic(program: string): Promise<boolean> {
  const result = await execa('ldd', [await realpath(program)], { reject: false, all: true, env: { LC_ALL: 'C' } });
  return /not a dynamic executable|statically linked/.test(result.all);
}
