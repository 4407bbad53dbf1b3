import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { execa } from 'execa';
import type { ComposeOptions } from './project-model.ts';
import type { SourceLines } from './source-lines.ts';
import { variablesOf, type Variables } from './variables.ts';

/** Which stack, in which state: what a report vouches for. */
export interface Revision extends Variables {
  /** Of the Compose files as they stand, with what they include and extend. */
  readonly digest: string;
  /** `null`: no repository, or none that has a commit. */
  readonly commit: string | null;
  /** Does the working tree hold anything that the commit does not? `null`: git does not tell. */
  readonly dirty: boolean | null;
}

/** What was asked for. */
interface Asked extends Pick<ComposeOptions, 'profiles' | 'envFiles'> {
  /** A folder that is no part of the stack, whatever lies in it: the report's. */
  readonly apart?: string | undefined;
}

/** @param folder of the first Compose file */
export async function revisionOf(lines: SourceLines, folder: string, asked: Asked = {}): Promise<Revision> {
  const [commit, variables] = await Promise.all([commitOf(folder), variablesOf(lines, folder, asked)]);
  const dirty = commit === null ? null : await isDirty(folder, asked.apart);
  return { digest: digestOf(lines.texts), commit, dirty, ...variables };
}

/** A file that ends where another begins is not the same as one file. */
function digestOf(texts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(`${Buffer.byteLength(text)}\n${text}`);
  return `sha256:${hash.digest('hex')}`;
}

/** Asking for the name of a commit runs nothing, so whoever owns the repository may be asked. */
async function commitOf(folder: string): Promise<string | null> {
  return git(folder, '-c', 'safe.directory=*', 'rev-parse', '--verify', 'HEAD');
}

/** No program that the configuration of the repository or the user names, no lock, and nothing fetched that a partial clone lacks. */
const RUNS_NOTHING = ['--no-optional-locks', '-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null'];
const FETCHES_NOTHING = { GIT_NO_LAZY_FETCH: '1', GIT_ALLOW_PROTOCOL: '' };

async function isDirty(folder: string, apart: string | undefined): Promise<boolean | null> {
  const root = await git(folder, 'rev-parse', '--show-toplevel');
  const filters = root === null ? null : await filtersOf(root);
  if (root === null || filters === null) return null;
  const within = apart === undefined ? '' : relative(root, apart);
  // An empty one is the repository itself.
  const others = within === '' ? [] : [`:(top,exclude,literal)${within}`];
  // Said here: a setting of the user's may hide what git does not know, or what a submodule has changed.
  const all = ['--no-renames', '--untracked-files=normal', '--ignore-submodules=none'];
  const unfiltered = filters.flatMap((name) => [
    ...['clean', 'process'].flatMap((program) => ['-c', `filter.${name}.${program}=`]),
    '-c',
    `filter.${name}.required=false`,
  ]);
  const told = await git(folder, ...unfiltered, 'status', '--porcelain', '-z', ...all, '--', ':(top)', ...others);
  if (told === null) return null;
  const changes = told.split('\0').filter((change) => change !== '');
  if (changes.length === 0) return false;
  // What a filter stores is not what lies there: whether that has changed, it alone could tell.
  const edited = changes.filter((change) => change.startsWith(' M ')).map((change) => change.slice(3));
  if (edited.length < changes.length) return true;
  const attributes = await git(root, 'check-attr', '-z', 'filter', '--', ...edited);
  const values = attributes?.split('\0').filter((_, index) => index % 3 === 2) ?? [];
  return values.length === edited.length && values.every((name) => filters.includes(name)) ? null : true;
}

/**
 * The filters that are set for a repository and for what is checked out of its submodules: git would run their programs on a file
 * that it has not looked at since it was last written.
 * @returns `null`: git does not tell, or one has a name that cannot be said on a command line
 */
async function filtersOf(root: string): Promise<string[] | null> {
  const [keys, index] = await Promise.all([
    git(root, 'config', '--list', '--name-only', '-z'),
    git(root, 'ls-files', '--stage', '-z'),
  ]);
  if (keys === null || index === null) return null;
  const own = keys.split('\0').flatMap((key) => /^filter\.(.+)\.[^.]+$/s.exec(key)?.[1] ?? []);
  const modules = index.split('\0').flatMap((entry) => /^160000 .*?\t(.+)$/s.exec(entry)?.[1] ?? []);
  const present = modules.map((path) => join(root, path)).filter((path) => existsSync(join(path, '.git')));
  const inner = await Promise.all(present.map(filtersOf));
  const names = [own, ...inner].some((each) => each === null) ? null : [own, ...inner].flatMap((each) => each ?? []);
  return names === null || names.some((name) => name.includes('=')) ? null : [...new Set(names)];
}

async function git(folder: string, ...args: string[]): Promise<string | null> {
  const { exitCode, stdout } = await execa('git', [...RUNS_NOTHING, ...args], {
    cwd: folder,
    reject: false,
    env: FETCHES_NOTHING,
  });
  return exitCode === 0 ? stdout : null;
}
