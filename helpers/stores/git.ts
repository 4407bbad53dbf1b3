import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { buffer as readBuffer, text as readText } from 'node:stream/consumers';
import { linesOf } from '../probe/lines.ts';
import { findData } from '../probe/find-data.ts';
import type { Marker, ReadRow } from '../verdict/model.ts';
import type { OwnGroup } from '../verdict/own-data.ts';
import { makeFolder } from './files.ts';
import { OWN_LIMIT } from './own.ts';
import { isRefusal } from './refusal.ts';
import type { DriverContext, Integrity, OpenStore, StoreDefinition } from './store.ts';

/** A bare repository `outlast-markers.git` in the place, with a commit for each marker. */
export async function open(definition: StoreDefinition & { kind: 'git' }, context: DriverContext): Promise<OpenStore> {
  return new GitStore(definition.path, context);
}

const BRANCH = 'main';
const MARKERS = 'outlast-markers.git';

/** Nothing of the user's or the machine's configuration, no work in the background, every object synced. */
const CONFIGURATION = {
  'core.fsync': 'all',
  'core.fsyncMethod': 'fsync',
  'gc.auto': '0',
  'maintenance.auto': 'false',
  'init.defaultBranch': BRANCH,
  // A pack for each commit, rather than one more process that unpacks it.
  'fastimport.unpackLimit': '0',
};

class GitStore implements OpenStore {
  readonly #place: string;
  readonly #folder: string;
  readonly #context: DriverContext;
  #prepared = false;
  #import: FastImport | null = null;

  constructor(place: string, context: DriverContext) {
    this.#place = place;
    this.#folder = join(place, MARKERS);
    this.#context = context;
  }

  async write(marker: Marker): Promise<boolean> {
    if (!(await this.#prepare())) return false;
    this.#import ??= new FastImport(this.#spawn(['fast-import', '--quiet', '--done']), this.#hasCommits());
    try {
      await this.#import.commit(marker);
      return true;
    } catch (error) {
      this.#import = null;
      if (isRefused(String(error))) return false;
      throw error;
    }
  }

  async read(): Promise<ReadRow[]> {
    if (!this.#hasCommits()) return [];
    const listed = await this.#git(['ls-tree', '-r', '-z', 'HEAD']);
    if (listed.exitCode !== 0) throw failure('ls-tree', listed);
    const entries = parseTree(listed.stdout.toString()).filter((entry) => entry.id.startsWith('o-'));
    const objects = entries.map((entry) => `${entry.object}\n`).join('');
    const read = await this.#git(['cat-file', '--batch'], objects);
    if (read.exitCode !== 0) throw failure('cat-file', read);
    return parseBatch(read.stdout).flatMap((payload, index) => {
      const id = entries[index]?.id;
      // An object that is missing leaves its marker missing.
      return id === undefined || payload === null ? [] : [{ id, payload }];
    });
  }

  /** Commits of any branch or tag, repository by repository. */
  async own(): Promise<OwnGroup[]> {
    const repositories = findData([this.#place]).git.filter((path) => basename(path) !== MARKERS);
    return Promise.all(repositories.map(async (path) => this.#commitsOf(path)));
  }

  async #commitsOf(repository: string): Promise<OwnGroup> {
    const folder = existsSync(join(repository, 'HEAD')) ? repository : join(repository, '.git');
    const listed = await finish(this.#spawn(['rev-list', '--all'], folder), '');
    if (listed.exitCode !== 0) throw failure('rev-list', listed);
    const commits = listed.stdout.toString().split('\n').filter(Boolean);
    return {
      name: `repository ${repository}`,
      unit: 'commits',
      count: commits.length,
      entries: commits.length > OWN_LIMIT ? null : commits.map((commit) => [commit, '']),
    };
  }

  async integrity(): Promise<Integrity> {
    if (!this.#asOwner(() => existsSync(this.#folder))) return { ok: true, detail: 'no repository yet' };
    const checked = await this.#git(['fsck', '--full', '--no-progress', '--no-dangling']);
    const said = `${checked.stdout.toString()}${checked.stderr}`.trim();
    return { ok: checked.exitCode === 0, detail: said.slice(0, 2000) || 'git fsck found nothing' };
  }

  async close(): Promise<void> {
    await this.#import?.end();
    this.#import = null;
  }

  /** Makes the repository on the first write. @returns `false` when the place refuses. */
  async #prepare(): Promise<boolean> {
    if (this.#prepared) return true;
    try {
      this.#asOwner(() => {
        makeFolder(this.#folder);
        removeStaleLocks(this.#folder);
      });
    } catch (error) {
      if (isRefusal(error)) return false;
      throw error;
    }
    if (!this.#asOwner(() => existsSync(join(this.#folder, 'HEAD')))) {
      const made = await this.#git(['init', '--quiet', '--bare', '--template=']);
      if (made.exitCode !== 0) {
        if (isRefused(made.stderr)) return false;
        throw failure('init', made);
      }
    }
    this.#prepared = true;
    return true;
  }

  #hasCommits(): boolean {
    return this.#asOwner(() => {
      return existsSync(join(this.#folder, 'packed-refs')) || isFilled(join(this.#folder, 'refs', 'heads'));
    });
  }

  #asOwner<T>(run: () => T): T {
    return this.#context.asOwner(this.#folder, run);
  }

  async #git(args: readonly string[], input = ''): Promise<GitResult> {
    return finish(this.#spawn(args), input);
  }

  #spawn(args: readonly string[], folder = this.#folder): ChildProcessWithoutNullStreams {
    const [program = '', ...own] = this.#context.git;
    const { uid, gid } = this.#context.owner(folder);
    const settings = Object.entries(CONFIGURATION);
    const switches = process.getuid?.() === 0 ? { uid, gid } : {};
    return spawn(program, [...own, ...args], {
      cwd: folder,
      ...switches,
      env: {
        LD_LIBRARY_PATH: process.env['LD_LIBRARY_PATH'],
        GIT_CONFIG_NOSYSTEM: '1',
        GIT_CONFIG_GLOBAL: '/dev/null',
        GIT_CONFIG_COUNT: String(settings.length),
        ...Object.fromEntries(
          settings.flatMap(([key, value], index) => [
            [`GIT_CONFIG_KEY_${index}`, key],
            [`GIT_CONFIG_VALUE_${index}`, value],
          ]),
        ),
        GIT_DIR: folder,
        GIT_TERMINAL_PROMPT: '0',
        LC_ALL: 'C',
      },
    });
  }
}

/** A `git fast-import` that stays: a commit costs the syncs that it needs and no start of a process. */
class FastImport {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;
  readonly #said: Promise<string>;
  /** The branch goes on from a commit of an earlier process. */
  #resumes: boolean;

  constructor(child: ChildProcessWithoutNullStreams, resumes: boolean) {
    this.#child = child;
    this.#resumes = resumes;
    this.#said = readText(child.stderr);
    this.#answers = linesOf(child.stdout)[Symbol.asyncIterator]();
    // A git that ends before it has read everything says why on stderr.
    child.stdin.on('error', () => {});
  }

  /** Resolves once the commit and its branch are on disk: git answers a `progress` only after the `checkpoint` before it. */
  async commit({ id, hash, payload }: Marker): Promise<void> {
    const from = this.#resumes ? `from refs/heads/${BRANCH}^0\n` : '';
    this.#resumes = false;
    this.#child.stdin.write(
      `commit refs/heads/${BRANCH}\ncommitter Outlast <outlast@localhost> ${Math.floor(Date.now() / 1000)} +0000\n` +
        `${data(id)}${from}M 100644 inline ${hash.slice(0, 2)}/${id}\n${data(payload)}checkpoint\n\nprogress ${id}\n`,
    );
    const answer = await this.#answers.next();
    if (answer.value !== `progress ${id}`)
      throw new Error(`git fast-import: ${(await this.#said).trim().slice(0, 2000)}`);
  }

  async end(): Promise<void> {
    this.#child.stdin.end('done\n');
    await this.#said;
  }
}

function data(text: string): string {
  return `data ${Buffer.byteLength(text)}\n${text}\n`;
}

interface GitResult {
  readonly exitCode: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

async function finish(child: ChildProcessWithoutNullStreams, input: string): Promise<GitResult> {
  const ended = once(child, 'close') as Promise<[number | null]>;
  // A git that ends before it has read everything says why on stderr.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [stdout, stderr, [exitCode]] = await Promise.all([readBuffer(child.stdout), readText(child.stderr), ended]);
  return { exitCode, stdout, stderr };
}

function failure(command: string, result: GitResult): Error {
  return new Error(`git ${command} ended with ${result.exitCode}: ${result.stderr.trim().slice(0, 2000)}`);
}

/** Did the place refuse? Git says it in words alone. */
function isRefused(said: string): boolean {
  return /permission denied|read-only file system|no space left|disk quota|insufficient permission/i.test(said);
}

/** This driver is the only writer here, so a lock that stands at the start is of a writer that was killed. */
function removeStaleLocks(git: string): void {
  for (const lock of ['HEAD.lock', `refs/heads/${BRANCH}.lock`]) rmSync(join(git, lock), { force: true });
}

function isFilled(folder: string): boolean {
  return existsSync(folder) && readdirSync(folder).length > 0;
}

/** Entries of `git ls-tree -r -z`. */
function parseTree(text: string): { object: string; id: string }[] {
  return text.split('\0').flatMap((line) => {
    const [, object, path] = /^\d+ blob ([0-9a-f]+)\t(.*)$/s.exec(line) ?? [];
    return object === undefined || path === undefined ? [] : [{ object, id: basename(path) }];
  });
}

/** Contents in the order asked for; `null` for an object that is missing. */
function parseBatch(output: Buffer): (string | null)[] {
  const contents: (string | null)[] = [];
  for (let at = 0; at < output.length;) {
    const end = output.indexOf(10, at);
    const [, type, size] = output.toString('utf8', at, end).split(' ');
    at = end + 1;
    if (type !== 'blob') {
      contents.push(null);
      continue;
    }
    contents.push(output.toString('utf8', at, at + Number(size)));
    at += Number(size) + 1;
  }
  return contents;
}
