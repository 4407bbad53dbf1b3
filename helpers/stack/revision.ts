import { createHash } from 'node:crypto';
import { relative } from 'node:path';
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

/** No program that the repository's configuration names, and no lock. */
const RUNS_NOTHING = ['--no-optional-locks', '-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null'];

async function isDirty(folder: string, apart: string | undefined): Promise<boolean | null> {
  const root = await git(folder, 'rev-parse', '--show-toplevel');
  if (root === null) return null;
  const within = apart === undefined ? '' : relative(root, apart);
  // An empty one is the repository itself.
  const others = within === '' ? [] : [`:(top,exclude,literal)${within}`];
  // Said here: a setting of the user's may hide what git does not know, or what a submodule has changed.
  const all = ['--untracked-files=normal', '--ignore-submodules=none'];
  const changes = await git(folder, ...RUNS_NOTHING, 'status', '--porcelain', ...all, '--', ':(top)', ...others);
  return changes === null ? null : changes !== '';
}

async function git(folder: string, ...args: string[]): Promise<string | null> {
  const { exitCode, stdout } = await execa('git', args, { cwd: folder, reject: false });
  return exitCode === 0 ? stdout : null;
}
