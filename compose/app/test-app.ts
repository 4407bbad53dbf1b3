import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

const JsonObject = z.record(z.string(), z.unknown());
const Listening = z.looseObject({ address: z.looseObject({ port: z.number() }) });

/** The folders that the mounts are in a container, in a temporary place; gone when the test leaves. */
export function temporaryFolders() {
  const root = mkdtempSync(join(tmpdir(), 'reference-'));
  const folders = { root, data: join(root, 'dev_assets'), repos: join(root, 'repos'), backups: join(root, 'backups') };
  for (const folder of [folders.data, folders.repos, folders.backups]) mkdirSync(folder);
  cpSync(join(import.meta.dirname, 'config.default.json'), join(folders.data, 'config.json'));
  return {
    ...folders,
    database: join(folders.data, 'db.sqlite'),
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  };
}

export type Folders = ReturnType<typeof temporaryFolders>;

/** Runs one of the app's programs as the container does: a process of its own that is stopped by a signal. */
export function startProcess(script: string, folders: Folders, environment: Record<string, string> = {}) {
  const child = spawn(process.execPath, [join(import.meta.dirname, script)], {
    env: {
      PATH: process.env['PATH'],
      HOST: '127.0.0.1',
      PORT: '0',
      DATABASE_PATH: folders.database,
      REPOS_DIR: folders.repos,
      BACKUP_DIR: folders.backups,
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const running = new RunningProcess(child);
  return Object.assign(running, { [Symbol.asyncDispose]: () => running.kill() });
}

class RunningProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown[]>;
  readonly lines: Record<string, unknown>[] = [];

  constructor(child: ChildProcess) {
    this.#child = child;
    this.#exited = once(child, 'exit');
    for (const stream of [child.stdout, child.stderr]) {
      let rest = '';
      stream?.setEncoding('utf8').on('data', (chunk: string) => {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) this.lines.push(JsonObject.parse(JSON.parse(line)));
      });
    }
  }

  async event(name: string, withinMs = 10_000): Promise<Record<string, unknown>> {
    for (
      const deadline = Date.now() + withinMs;
      Date.now() < deadline;
      await new Promise((done) => setTimeout(done, 5))
    ) {
      const found = this.lines.find(({ event }) => event === name);
      if (found !== undefined) return found;
    }
    throw new Error(`no ${name} within ${withinMs} ms; seen: ${JSON.stringify(this.lines)}`);
  }

  async url(): Promise<string> {
    const { address } = Listening.parse(await this.event('listening'));
    return `http://127.0.0.1:${address.port}`;
  }

  async stop(): Promise<unknown> {
    this.#child.kill('SIGTERM');
    return this.exitCode();
  }

  async exitCode(): Promise<unknown> {
    return (await this.#exited)[0];
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }
}

export async function post(url: string, body: unknown): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: JsonObject.parse(await response.json()) };
}
