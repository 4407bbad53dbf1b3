import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
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

interface Options {
  args?: string[];
  /** As a user who, like any but root, may write only to what is his. Of use to root alone. */
  powerless?: boolean;
}

export const isRoot = process.getuid?.() === 0;

/** Runs one of the app's programs as the container does: a process of its own that is stopped by a signal. */
export function startProcess(
  script: string,
  folders: Folders,
  environment: Record<string, string> = {},
  { args = [], powerless = false }: Options = {},
) {
  const wrapper = powerless ? ['setpriv', '--bounding-set=-all', '--inh-caps=-all', '--'] : [];
  const [program = '', ...rest] = [...wrapper, process.execPath, join(import.meta.dirname, script), ...args];
  const child = spawn(program, rest, {
    env: {
      PATH: process.env['PATH'],
      HOST: '127.0.0.1',
      PORT: '0',
      DATABASE_PATH: folders.database,
      REPOS_DIR: folders.repos,
      BACKUP_DIR: folders.backups,
      // How full the machine's disk is is no test's matter, but for the one that says otherwise.
      ALARM_DISK_PERCENT: '100',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const running = new RunningProcess(child);
  return Object.assign(running, { [Symbol.asyncDispose]: () => running.kill() });
}

/** Runs a command to its end: its exit code and the one line that it ends with. */
export async function runCommand(
  script: string,
  folders: Folders,
  args: string[] = [],
  environment: Record<string, string> = {},
) {
  await using command = startProcess(script, folders, environment, { args });
  const code = await command.exitCode();
  return { code, lines: command.lines, last: command.lines.at(-1) };
}

class RunningProcess {
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown[]>;
  readonly #arrivals = new EventEmitter();
  readonly lines: Record<string, unknown>[] = [];

  constructor(child: ChildProcess) {
    this.#child = child;
    this.#closed = once(child, 'close');
    for (const stream of [child.stdout, child.stderr]) {
      let rest = '';
      stream?.setEncoding('utf8').on('data', (chunk: string) => {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) this.lines.push(JsonObject.parse(JSON.parse(line)));
        this.#arrivals.emit('lines');
      });
    }
  }

  /** The `count`th line of that event. */
  async event(name: string, { count = 1, withinMs = 60_000 } = {}): Promise<Record<string, unknown>> {
    const deadline = AbortSignal.timeout(withinMs);
    for (;;) {
      const found = this.lines.filter(({ event }) => event === name)[count - 1];
      if (found !== undefined) return found;
      try {
        await once(this.#arrivals, 'lines', { signal: deadline });
      } catch (cause) {
        throw new Error(`no ${name} within ${withinMs} ms; seen: ${JSON.stringify(this.lines)}`, { cause });
      }
    }
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
    return (await this.#closed)[0];
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#closed;
  }
}

const Health = z.looseObject({
  status: z.string(),
  reason: z.string().optional(),
  alarms: z.array(
    z.looseObject({
      alarm: z.string(),
      since: z.string(),
      path: z.string().optional(),
      message: z.string(),
      fix: z.string(),
    }),
  ),
});

export async function health(url: string) {
  const response = await fetch(`${url}/api/health`);
  const body = Health.parse(await response.json());
  return { code: response.status, ...body, names: body.alarms.map(({ alarm }) => alarm) };
}

export async function post(url: string, body: unknown): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: JsonObject.parse(await response.json()) };
}

/** Names of the projects in a database, in the order of writing. */
export function projectNames(path: string): unknown[] {
  const database = new Database(path, { readonly: true });
  try {
    return database.prepare('SELECT name FROM projects ORDER BY rowid').pluck().all();
  } finally {
    database.close();
  }
}
