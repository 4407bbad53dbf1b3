import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { execa } from 'execa';

/** What lies in the project's folder and what git knows of it. */
export interface Repository {
  /** Where the git repository begins; `null` outside of one. */
  readonly root: string | null;
  /** Absolute paths of what git tracks below the project's folder; `null` outside of a repository. */
  readonly tracked: ReadonlySet<string> | null;
  /** Absolute paths of the files to look through: below the folder, and what the root says of the whole. */
  readonly files: readonly string[];
}

/** No more than these are looked through. */
const MOST_FILES = 5000;
const SKIPPED: ReadonlySet<string> = new Set(['node_modules', 'vendor', 'dist', 'build', 'target', '__pycache__']);
/** Hidden folders that say how a project is built and deployed. */
const HIDDEN: ReadonlySet<string> = new Set([
  '.github',
  '.ci',
  '.circleci',
  '.gitlab',
  '.woodpecker',
  '.forgejo',
  '.gitea',
]);
/** Of the repository's root, when the project lies below it. */
const OF_ROOT = /^(package\.json|(GNU)?[Mm]akefile|README(\.md)?|\.gitlab-ci\.yml|\.github\/workflows\/[^/]+\.ya?ml)$/;

export async function readRepository(folder: string): Promise<Repository> {
  const root = (await git(folder, 'rev-parse', '--show-toplevel'))?.trim() ?? null;
  const listed = root === null ? null : await git(folder, 'ls-files', '-z', '--full-name');
  if (root === null || listed === null) return { root: null, tracked: null, files: await walk(folder) };
  const tracked = namesIn(listed).map((name) => join(root, name));
  const others = namesIn((await git(folder, 'ls-files', '-z', '--others', '--exclude-standard', '--full-name')) ?? '');
  const ofRoot = namesIn((await git(root, 'ls-files', '-z')) ?? '').filter((name) => OF_ROOT.test(name));
  const files = [...tracked, ...[...others, ...ofRoot].map((name) => join(root, name))];
  return {
    root,
    tracked: new Set(tracked),
    files: [...new Set(files)].filter((file) => !isSkipped(relative(folder, file))).slice(0, MOST_FILES),
  };
}

/**
 * What git keeps of a file before its last change: as it was committed where that was not committed yet, else as the commit before had it.
 * @returns its text; `null` where git knows of none
 */
export async function earlierText(file: string, text: string): Promise<string | null> {
  const folder = dirname(file);
  const commits = (await git(folder, '--literal-pathspecs', 'rev-list', '--max-count=2', 'HEAD', '--', basename(file)))
    ?.split('\n')
    .filter((commit) => commit !== '');
  for (const commit of commits ?? []) {
    const committed = await git(folder, 'cat-file', 'blob', `${commit}:./${basename(file)}`);
    if (committed !== null && committed !== text) return committed;
  }
  return null;
}

/** A repository's own configuration must not make git start anything, or fetch what it lacks: that is a way to start something too. */
const HARMLESS = ['-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null'];
const HARMLESS_ENV = { GIT_OPTIONAL_LOCKS: '0', GIT_ALLOW_PROTOCOL: 'none' };

async function git(cwd: string, ...args: string[]): Promise<string | null> {
  const result = await execa('git', [...HARMLESS, ...args], {
    cwd,
    reject: false,
    stdin: 'ignore',
    env: HARMLESS_ENV,
    stripFinalNewline: false,
  });
  return result.exitCode === 0 ? result.stdout : null;
}

function namesIn(listed: string): string[] {
  return listed.split('\0').filter((name) => name !== '');
}

function isSkipped(path: string): boolean {
  return path.split(sep).some((part) => SKIPPED.has(part));
}

async function walk(folder: string): Promise<string[]> {
  const files: string[] = [];
  const pending = [folder];
  for (let next = pending.shift(); next !== undefined && files.length < MOST_FILES; next = pending.shift()) {
    for (const entry of await readdir(next, { withFileTypes: true }).catch(() => [])) {
      const path = join(next, entry.name);
      if (entry.isDirectory() && !SKIPPED.has(entry.name) && (!entry.name.startsWith('.') || HIDDEN.has(entry.name)))
        pending.push(path);
      else if (entry.isFile()) files.push(path);
    }
  }
  return files.slice(0, MOST_FILES);
}

/** The text of a file that is small enough to have been written by a person; `null` otherwise. */
export async function readText(file: string): Promise<string | null> {
  const found = await stat(file).catch(() => null);
  if (!found?.isFile() || found.size > 512 * 1024) return null;
  return readFile(file, 'utf8').catch(() => null);
}
