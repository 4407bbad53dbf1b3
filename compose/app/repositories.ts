import { execFile } from 'node:child_process';
import { chmodSync, existsSync, globSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { sync } from './durable.ts';

export interface Commit {
  id: string;
  at: string;
  message: string;
}

const run = promisify(execFile);

// Nothing of the machine's own configuration, and every object, index and reference synced before git returns.
const ENVIRONMENT = {
  PATH: process.env['PATH'],
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
  GIT_AUTHOR_NAME: 'Reference stack',
  GIT_AUTHOR_EMAIL: 'app@localhost',
  GIT_COMMITTER_NAME: 'Reference stack',
  GIT_COMMITTER_EMAIL: 'app@localhost',
};

/** Git repositories under one folder. Names and paths are validated by the API before they get here. */
export class Repositories {
  readonly #root: string;
  /** Git takes one writer at a time in a work tree: commits to one repository queue up. */
  readonly #queues = new Map<string, Promise<unknown>>();

  constructor(root: string) {
    this.#root = root;
    // This app is the only writer, so a lock or a half-made repository that is there now is what a crash left behind.
    for (const lock of globSync('*/.git/{*.lock,refs/heads/*.lock}', { cwd: root })) rmSync(join(root, lock));
    for (const half of globSync('.new-*', { cwd: root })) rmSync(join(root, half), { recursive: true });
  }

  has(name: string): boolean {
    return existsSync(join(this.#root, name, '.git'));
  }

  /** Made aside and renamed: a repository is there whole or not at all. */
  async create(name: string): Promise<void> {
    const aside = mkdtempSync(join(this.#root, '.new-'));
    await this.#git(aside, 'init', '--quiet', '--initial-branch=main');
    chmodSync(aside, 0o755);
    renameSync(aside, join(this.#root, name));
    sync(this.#root);
  }

  async commit(name: string, change: { path: string; content: string; message: string }): Promise<Commit> {
    const done = (this.#queues.get(name) ?? Promise.resolve()).then(() => this.#commit(name, change));
    this.#queues.set(
      name,
      done.catch(() => undefined),
    );
    return done;
  }

  async commits(name: string): Promise<Commit[]> {
    const log = await this.#git(join(this.#root, name), 'log', '--all', '--format=%H%x09%cI%x09%s');
    return log
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const [id = '', at = '', ...message] = line.split('\t');
        return { id, at, message: message.join('\t') };
      });
  }

  async #commit(name: string, { path, content, message }: { path: string; content: string; message: string }) {
    const repository = join(this.#root, name);
    const file = join(repository, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    await this.#git(repository, 'add', '--', path);
    await this.#git(repository, 'commit', '--quiet', '--allow-empty', `--message=${message}`);
    // Git syncs files but not the renames that put them in place.
    for (const folder of ['.git/objects', '.git/refs/heads', '.git']) sync(join(repository, folder));
    const [newest] = await this.commits(name);
    if (newest === undefined) throw new Error(`${name}: git made no commit`);
    return newest;
  }

  async #git(cwd: string, ...args: string[]): Promise<string> {
    const { stdout } = await run(
      'git',
      ['-c', 'core.fsync=all', '-c', 'core.autocrlf=false', '-c', 'gc.auto=0', ...args],
      {
        cwd,
        env: ENVIRONMENT,
        maxBuffer: 256 * 1024 * 1024,
      },
    );
    return stdout;
  }
}
