import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { createClient, RedisClientType } from '@redis/client';
import type { Marker, ReadRow } from '../verdict/model.ts';
import type { OwnGroup } from '../verdict/own-data.ts';
import { execute } from './execute.ts';
import { digestOf, grouped } from './own.ts';
import { CHECK_MS, Connection, CONNECT_MS, connectToFirst, placesOf, settingOf } from './server.ts';
import type { ContainerStart, DriverContext, Integrity, OpenStore, StoreDefinition } from './store.ts';

type RedisDefinition = StoreDefinition & { kind: 'redis' };
type Options = NonNullable<Parameters<typeof createClient>[0]>;

const PREFIX = 'outlast:markers:';
/** How many keys are asked for at once. */
const BATCH = 1000;

/** What an error begins with after which the command was not executed. https://redis.io/docs/latest/develop/reference/protocol-spec */
const REFUSALS = [
  'READONLY',
  'MISCONF',
  'OOM',
  'NOPERM',
  'NOAUTH',
  'NOREPLICAS',
  'LOADING',
  'CLUSTERDOWN',
  'MASTERDOWN',
  'MOVED',
];
const LOGIN_REFUSALS = ['WRONGPASS', 'NOAUTH', 'NOPERM', 'ERR AUTH', 'ERR Client sent AUTH', 'ERR DB index'];

const SOCKETS = ['/run/redis/redis.sock', '/run/redis/redis-server.sock', '/run/valkey/valkey.sock', '/tmp/redis.sock'];

/** Markers as keys of their own, in the database of the app. */
export async function open(definition: RedisDefinition, context: DriverContext): Promise<OpenStore> {
  return new RedisStore(definition, context);
}

class RedisStore implements OpenStore {
  readonly #context: DriverContext;
  readonly #connection: Connection<RedisClientType>;

  constructor(definition: RedisDefinition, context: DriverContext) {
    this.#context = context;
    this.#connection = new Connection(
      async () => connect(definition, context),
      (client) => client.destroy(),
    );
  }

  async write(marker: Marker): Promise<boolean> {
    return this.writeAll([marker]);
  }

  async writeAll(markers: readonly Marker[]): Promise<boolean> {
    const keys = markers.map(({ id, payload }): [string, string] => [`${PREFIX}${id}`, payload]);
    return this.#connection.change(async (client) => client.mSet(keys), isRefusal);
  }

  async remove({ id }: Marker): Promise<boolean> {
    return this.#connection.change(async (client) => client.del(`${PREFIX}${id}`), isRefusal);
  }

  async read(): Promise<ReadRow[]> {
    return this.#connection.with(async (client) => {
      // A scan may come upon a key twice.
      const rows = new Map<string, string>();
      for await (const keys of client.scanIterator({ MATCH: `${PREFIX}o-*`, COUNT: BATCH })) {
        if (keys.length === 0) continue;
        const payloads = await client.mGet(keys);
        // A key that holds no string has no payload.
        keys.forEach((key, index) => rows.set(key.slice(PREFIX.length), payloads[index] ?? ''));
      }
      return [...rows].map(([id, payload]) => ({ id, payload }));
    });
  }

  /** Keys that no time takes away. */
  async own(): Promise<OwnGroup[]> {
    return this.#connection.with(async (client) => {
      if ((await client.dbSize()) > MAX_KEYS) throw new Error(`There are more than ${MAX_KEYS} keys.`);
      const kept = new Set<string>();
      for await (const keys of client.scanIterator({ COUNT: BATCH })) {
        const own = keys.filter((key) => !key.startsWith(PREFIX));
        const lives = await Promise.all(own.map(async (key) => client.pTTL(key)));
        own.filter((_, index) => lives[index] === FOREVER).forEach((key) => kept.add(key));
      }
      return grouped(
        'keys',
        [...kept].map((key) => ({ group: familyOf(key), key: digestOf([key]), content: '' })),
      );
    });
  }

  /** The programs that come with the server, on the files that it keeps. */
  async integrity(): Promise<Integrity | null> {
    const settings = await this.#connection.with(async (client) =>
      client.configGet(['dir', 'dbfilename', 'appenddirname', 'appendfilename']),
    );
    const results = await Promise.all(
      checksOf(settings).map(async ({ file, program }) => this.#check(file, program, settings['dir'] ?? '/')),
    );
    const done = results.filter((result) => result !== null);
    if (done.length === 0) return null;
    return { ok: done.every(({ ok }) => ok), detail: done.map(({ detail }) => detail).join('\n') };
  }

  async answers(): Promise<void> {
    await this.#connection.with(async (client) => client.exists(PREFIX), CONNECT_MS);
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  async #check(file: string, name: string, folder: string): Promise<Integrity | null> {
    const { env } = this.#context.container;
    const program = ['redis', 'valkey']
      .flatMap((server) => (env['PATH'] ?? '').split(':').map((path) => join(path, `${server}-check-${name}`)))
      .find((path) => existsSync(path));
    if (program === undefined || !existsSync(file)) return null;
    const owner = this.#context.owner(file);
    const run = async () => execute([program, file], { env, owner, cwd: folder, limitMs: CHECK_MS });
    const first = await run();
    // What the server is just writing looks cut off.
    const { exitCode, stdout, stderr } = first.exitCode === 0 ? first : await run();
    const last = `${stdout}\n${stderr}`.trim().split('\n').slice(-3).join(' ');
    return { ok: exitCode === 0, detail: `${name}: ${last.slice(0, 500)}` };
  }
}

/** Every one of them is asked about. */
const MAX_KEYS = 20_000;
/** What PTTL answers for a key that has no end. */
const FOREVER = -1;

/** As most apps name them: `user:1` is of the family `user:*`. */
function familyOf(key: string): string {
  const end = key.indexOf(':');
  return end === -1 ? 'the database' : `${key.slice(0, end)}:*`;
}

/** The files of a server and the programs that check them, by the server's settings. Before 7.0 the log was one file. Pure. */
function checksOf(settings: Readonly<Record<string, string>>): { file: string; program: 'aof' | 'rdb' }[] {
  const { dir = '/', dbfilename = '', appenddirname, appendfilename = '' } = settings;
  const log =
    appenddirname === undefined ? join(dir, appendfilename) : join(dir, appenddirname, `${appendfilename}.manifest`);
  return [
    { file: log, program: 'aof' },
    { file: join(dir, dbfilename), program: 'rdb' },
  ];
}

async function connect(definition: RedisDefinition, context: DriverContext): Promise<RedisClientType> {
  const { createClient } = await import('@redis/client');
  const { url, user, database } = definition;
  const password = definition.password ?? passwordOf(context.container);
  const login = password === undefined ? {} : { password, ...(user === undefined ? {} : { username: user }) };
  return connectToFirst(
    url === undefined ? placesOf(SOCKETS) : [null],
    async (place) => {
      const where = place === null ? { host: '127.0.0.1', port: 6379 } : { path: place, tls: false as const };
      const once = { connectTimeout: CONNECT_MS, reconnectStrategy: false as const };
      const options: Options =
        url === undefined
          ? {
              socket: { ...where, ...once },
              ...login,
              ...(database === undefined ? {} : { database: Number(database) }),
            }
          : { url, socket: once };
      const client = createClient({ ...options, RESP: 2 }) as unknown as RedisClientType;
      // What breaks while nothing is asked shows at the next question.
      client.on('error', () => {});
      await client.connect();
      // A server that asks for a password takes the connection without one.
      await client.exists(PREFIX).catch((error: unknown) => {
        client.destroy();
        throw error;
      });
      return client;
    },
    { isRefused: (error) => startsWith(error, LOGIN_REFUSALS), isMain: true },
  );
}

/** The password that the server was started with: in its arguments, in the file they name, or in the environment. */
export function passwordOf({ command, env }: ContainerStart): string | undefined {
  const value = String.raw`\s+(?:"([^"]*)"|'([^']*)'|(\S+))`;
  const file = command.find((argument) => argument.endsWith('.conf') && existsSync(argument));
  const found =
    new RegExp(`--requirepass${value}`).exec(command.join(' ')) ??
    (file === undefined ? null : new RegExp(`^\\s*requirepass${value}`, 'm').exec(readFileSync(file, 'utf8')));
  const password = found?.slice(1).find((part) => part !== undefined);
  if (password === undefined) return settingOf(env, 'REDIS_PASSWORD', 'VALKEY_PASSWORD');
  // Of a command that a shell has read, what stands for a variable.
  return password.replace(/^\$\{?(\w+)\}?$/, (_, name: string) => env[name] ?? '');
}

/** Is this the server's word, and does it begin so? */
function startsWith(error: unknown, beginnings: readonly string[]): boolean {
  const name = error instanceof Error ? error.constructor.name : '';
  return (
    /^(SimpleError|BlobError|ErrorReply)$/.test(name) &&
    beginnings.some((word) => (error as Error).message.startsWith(word))
  );
}

/** Has the server certainly not executed the command? */
export function isRefusal(error: unknown): boolean {
  return startsWith(error, REFUSALS);
}
