import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { buffer as readBuffer, text as readText } from 'node:stream/consumers';
import type { Marker, ReadRow } from '../verdict/model.ts';
import { makeFolder } from './files.ts';
import { isRefusal } from './refusal.ts';
import type { DriverContext, Integrity, OpenStore, StoreDefinition } from './store.ts';

/** A repository `outlast-markers` in the place, with a file and a commit for each marker. */
export async function open(definition: StoreDefinition & { kind: 'git' }, context: DriverContext): Promise<OpenStore> {
  return new GitStore(join(definition.path, 'outlast-markers'), context);
}

/** Nothing of the user's or the machine's configuration, no work in the background, every object synced. */
const CONFIGURATION = {
  'core.fsync': 'all',
  'core.fsyncMethod': 'fsync',
  'core.hooksPath': '/dev/null',
  'gc.auto': '0',
  'maintenance.auto': 'false',
  'init.defaultBranch': 'main',
  'commit.gpgSign': 'false',
};

class GitStore implements OpenStore {
  readonly #folder: string;
  readonly #context: DriverContext;
  #prepared = false;

  constructor(folder: string, context: DriverContext) {
    this.#folder = folder;
    this.#context = context;
  }

  async write(marker: Marker): Promise<boolean> {
    if (!(await this.#prepare())) return false;
    const path = `${marker.hash.slice(0, 2)}/${marker.id}`;
    const file = join(this.#folder, path);
    try {
      this.#asOwner(() => {
        makeFolder(dirname(file));
        writeFileSync(file, marker.payload, { mode: 0o644 });
      });
    } catch (error) {
      if (isRefusal(error)) return false;
      throw error;
    }
    const added = await this.#git(['add', '--force', '--', path]);
    if (added.exitCode !== 0) {
      if (!isRefused(added)) throw failure('add', added);
      return false;
    }
    const committed = await this.#git(['commit', '--quiet', '--no-verify', '--message', marker.id]);
    if (committed.exitCode !== 0) throw failure('commit', committed);
    return true;
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

  async integrity(): Promise<Integrity> {
    if (!this.#asOwner(() => existsSync(join(this.#folder, '.git')))) return { ok: true, detail: 'no repository yet' };
    const checked = await this.#git(['fsck', '--full', '--no-progress', '--no-dangling']);
    const said = `${checked.stdout.toString()}${checked.stderr}`.trim();
    return { ok: checked.exitCode === 0, detail: said.slice(0, 2000) || 'git fsck found nothing' };
  }

  async close(): Promise<void> {}

  /** Makes the repository on the first write. @returns `false` when the place refuses. */
  async #prepare(): Promise<boolean> {
    if (this.#prepared) return true;
    try {
      this.#asOwner(() => {
        makeFolder(this.#folder);
        removeStaleLocks(join(this.#folder, '.git'));
      });
    } catch (error) {
      if (isRefusal(error)) return false;
      throw error;
    }
    if (!this.#asOwner(() => existsSync(join(this.#folder, '.git', 'HEAD')))) {
      const made = await this.#git(['init', '--quiet', '--template=']);
      if (made.exitCode !== 0) {
        if (isRefused(made)) return false;
        throw failure('init', made);
      }
    }
    this.#prepared = true;
    return true;
  }

  #hasCommits(): boolean {
    return this.#asOwner(() => {
      const git = join(this.#folder, '.git');
      return existsSync(join(git, 'packed-refs')) || isFilled(join(git, 'refs', 'heads'));
    });
  }

  #asOwner<T>(run: () => T): T {
    return this.#context.asOwner(this.#folder, run);
  }

  async #git(args: readonly string[], input = ''): Promise<GitResult> {
    const [program = '', ...own] = this.#context.git;
    const { uid, gid } = this.#context.owner(this.#folder);
    const settings = Object.entries(CONFIGURATION);
    const switches = process.getuid?.() === 0 ? { uid, gid } : {};
    const child = spawn(program, [...own, ...args], {
      cwd: this.#folder,
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
        GIT_DIR: join(this.#folder, '.git'),
        GIT_WORK_TREE: this.#folder,
        GIT_AUTHOR_NAME: 'Outlast',
        GIT_AUTHOR_EMAIL: 'outlast@localhost',
        GIT_COMMITTER_NAME: 'Outlast',
        GIT_COMMITTER_EMAIL: 'outlast@localhost',
        GIT_TERMINAL_PROMPT: '0',
        LC_ALL: 'C',
      },
    });
    return finish(child, input);
  }
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
function isRefused(result: GitResult): boolean {
  return /permission denied|read-only file system|no space left|disk quota|insufficient permission/i.test(
    result.stderr,
  );
}

/** This driver is the only writer here, so a lock that stands at the start is of a writer that was killed. */
function removeStaleLocks(git: string): void {
  for (const lock of ['index.lock', 'HEAD.lock', 'refs/heads/main.lock']) rmSync(join(git, lock), { force: true });
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
