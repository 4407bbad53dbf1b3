import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DatabaseError } from 'pg';
import { ErrorReply, SimpleError } from '@redis/client';
import { describe, test as base } from 'vitest';
import { untilAnswers } from '../probe/answering.ts';
import { makeMarker } from '../verdict/marker.ts';
import { parseRows } from './command.ts';
import { openStore } from './drivers.ts';
import { isRefusal as isMysqlRefusal } from './mysql.ts';
import { isRefusal as isPostgresRefusal } from './postgres.ts';
import { isRefusal as isRedisRefusal, passwordOf } from './redis.ts';
import { Connection, connectToFirst, refuseTemporary, RefusedLogin, settingOf } from './server.ts';
import type { DriverContext, StoreDefinition } from './store.ts';

const context: DriverContext = {
  git: ['git'],
  container: { command: [], env: { PATH: process.env['PATH'], GREETING: 'hello' } },
  main: () => ({ program: 'node', uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0, cwd: '/' }),
  owner: () => ({ uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }),
  asOwner: (_, run) => run(),
};

const test = base
  .extend('folder', ({}, { onCleanup }) => {
    const folder = mkdtempSync('/tmp/outlast-servers-');
    onCleanup(() => rmSync(folder, { recursive: true }));
    return folder;
  })
  .extend('mute', async ({}, { onCleanup }) => {
    /** Takes every connection and says nothing. */
    const server: Server = createServer((socket) => void socket.on('error', () => {}));
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    onCleanup(() => void server.close());
    return (server.address() as AddressInfo).port;
  });

const marker = makeMarker({ seed: 's', nonce: 'n', store: 's', epoch: 0, seq: 0 });

function serverStore(kind: 'postgres' | 'mysql' | 'redis', port: number): StoreDefinition {
  const login = kind === 'redis' ? '' : 'user:word@';
  return {
    id: kind,
    kind,
    service: 'a',
    path: '/data',
    url: `${kind}://${login}127.0.0.1:${port}/${kind === 'redis' ? 0 : 'd'}`,
  };
}

function commandStore(folder: string, write: string): StoreDefinition {
  return {
    id: 'c',
    kind: 'command',
    service: 'a',
    path: folder,
    write: ['sh', '-c', write],
    read: ['sh', '-c', `cat ${folder}/rows 2> /dev/null || true`],
  };
}

async function letNobodyIn(place: string | null): Promise<never> {
  throw new Error(place === null ? 'nobody there' : 'bad password');
}

function isBadPassword(error: unknown): boolean {
  return String(error).includes('password');
}

describe('what a server has certainly not kept', () => {
  test.for([
    ['25006', 'ERROR', true],
    ['42501', 'ERROR', true],
    ['53100', 'ERROR', true],
    ['23505', 'ERROR', true],
    ['40001', 'ERROR', true],
    ['40003', 'ERROR', false],
    ['57P01', 'FATAL', false],
    ['53300', 'FATAL', false],
    ['57014', 'ERROR', false],
    ['58030', 'ERROR', false],
    ['XX001', 'ERROR', false],
  ] as const)('postgres: %s %s: %s', ([code, severity, refused], { expect }) => {
    expect(isPostgresRefusal(Object.assign(new DatabaseError('said', 1, 'error'), { code, severity }))).toBe(refused);
  });

  test.for([
    [{ errno: 1290, sqlState: 'HY000' }, true],
    [{ errno: 1114, sqlState: 'HY000' }, true],
    [{ errno: 1142, sqlState: '42000' }, true],
    [{ errno: 1213, sqlState: '40001' }, true],
    [{ errno: 1053, sqlState: '08S01' }, false],
    [{ errno: 1030, sqlState: 'HY000' }, false],
    [{ errno: -104, code: 'ECONNRESET' }, false],
    [{ code: 'PROTOCOL_CONNECTION_LOST' }, false],
  ] as const)('mysql: %o: %s', ([error, refused], { expect }) => {
    expect(isMysqlRefusal(Object.assign(new Error('said'), error))).toBe(refused);
  });

  test.for([
    [new SimpleError("READONLY You can't write against a read only replica."), true],
    [new SimpleError('MISCONF Redis is configured to save RDB snapshots'), true],
    [new ErrorReply("OOM command not allowed when used memory > 'maxmemory'."), true],
    [new SimpleError('ERR something else'), false],
    [new Error('OOM is not what the server said'), false],
    [new Error('Socket closed unexpectedly'), false],
  ] as const)('redis: %s: %s', ([error, refused], { expect }) => {
    expect(isRedisRefusal(error)).toBe(refused);
  });
});

describe('the login', () => {
  test('is in a variable or in the file that another names', ({ folder, expect }) => {
    const file = join(folder, 'secret');
    writeFileSync(file, 'from file\n');
    expect(settingOf({ A_PASSWORD: 'plain', A_PASSWORD_FILE: file }, 'A_PASSWORD')).toBe('plain');
    expect(settingOf({ B_PASSWORD_FILE: file }, 'A_PASSWORD', 'B_PASSWORD')).toBe('from file');
    expect(settingOf({ A_PASSWORD: '', B_PASSWORD_FILE: join(folder, 'none') }, 'A_PASSWORD', 'B_PASSWORD')).toBe(
      undefined,
    );
  });

  test.for([
    [['redis-server', '--requirepass', 'secret', '--appendonly', 'yes'], 'secret'],
    [['sh', '-c', 'exec redis-server --requirepass "$REDIS_SECRET" --save 60 1'], 'from env'],
    [['sh', '-c', 'redis-server --requirepass ${REDIS_SECRET}'], 'from env'],
    [['redis-server', '--masterauth', 'other'], 'fallback'],
  ] as const)('of redis, started by %o, is %s', ([command, password], { expect }) => {
    const env = { REDIS_SECRET: 'from env', REDIS_PASSWORD: 'fallback' };
    expect(passwordOf({ command, env })).toBe(password);
  });

  test('of redis is in the file that it was started with', ({ folder, expect }) => {
    const file = join(folder, 'redis.conf');
    writeFileSync(file, '# requirepass no\nport 6379\nrequirepass "in file"\n');
    expect(passwordOf({ command: ['redis-server', file], env: {} })).toBe('in file');
    expect(passwordOf({ command: ['redis-server'], env: {} })).toBe(undefined);
  });

  test('is refused for good by the real server alone', async ({ expect }) => {
    const main = { isRefused: isBadPassword, isMain: true };
    await expect(connectToFirst(['/run/socket', null], letNobodyIn, main)).rejects.toThrow(RefusedLogin);
    const temporary = { ...main, isMain: false };
    await expect(connectToFirst(['/run/socket', null], letNobodyIn, temporary)).rejects.toThrow('nobody there');
  });

  test('counts where the server is networked, or the main process', ({ expect }) => {
    expect(() => refuseTemporary(false, false)).toThrow('temporary');
    expect(() => refuseTemporary(true, false)).not.toThrow();
    expect(() => refuseTemporary(false, true)).not.toThrow();
  });
});

describe('a connection', () => {
  test('is kept until it fails', async ({ expect }) => {
    let made = 0;
    const ended: number[] = [];
    const connection = new Connection(
      async () => ++made,
      (client) => ended.push(client),
    );
    expect(await connection.with(async (client) => client)).toBe(1);
    expect(await connection.with(async (client) => client)).toBe(1);
    await expect(
      connection.with(async () => {
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect(await connection.with(async (client) => client)).toBe(2);
    expect(ended).toEqual([1]);
  });

  test('is given up when the server says nothing', async ({ expect }) => {
    const connection = new Connection(
      async () => 1,
      () => {},
    );
    await expect(connection.with(async () => new Promise(() => {}), 20)).rejects.toThrow('has not answered for 0.02 s');
  });
});

describe.for(['postgres', 'mysql', 'redis'] as const)('%s', (kind) => {
  test('has not answered where nobody listens, and a write there is not rejected', async ({ expect, signal }) => {
    const store = await openStore(serverStore(kind, 1), context);
    expect(await untilAnswers(store, 200, signal)).toMatchObject({ answers: false, refused: false });
    await expect(store.write(marker)).rejects.toThrow('ECONNREFUSED');
    await store.close();
  });

  test('has not answered where nobody speaks', { timeout: 30_000 }, async ({ mute, expect, signal }) => {
    const store = await openStore(serverStore(kind, mute), context);
    expect(await untilAnswers(store, 100, signal)).toMatchObject({ answers: false, refused: false });
    await store.close();
  });
});

describe('command', () => {
  test('hands id and payload over in the environment, which no shell reads', async ({ folder, expect }) => {
    const write = `printf '%s|%s|%s' "$OUTLAST_ID" "$OUTLAST_PAYLOAD" "$GREETING" > ${folder}/seen`;
    const store = await openStore(commandStore(folder, write), context);
    expect(await store.write({ ...marker, payload: '$(touch /tmp/no); `id`\n"' })).toBe(true);
    const read = await openStore(
      { ...commandStore(folder, ''), read: ['sh', '-c', `cat ${folder}/seen >&2; exit 3`] } as StoreDefinition,
      context,
    );
    await expect(read.read()).rejects.toThrow(`read ended with 3: ${marker.id}|$(touch /tmp/no); \`id\`\n"|hello`);
  });

  test('is refused by 75, and anything else leaves the end open', async ({ folder, expect }) => {
    expect(await (await openStore(commandStore(folder, 'exit 75'), context)).write(marker)).toBe(false);
    const failing = await openStore(commandStore(folder, 'echo broken >&2; exit 1'), context);
    await expect(failing.write(marker)).rejects.toThrow('write ended with 1: broken');
    const killed = await openStore(commandStore(folder, 'kill -9 $$'), context);
    await expect(killed.write(marker)).rejects.toThrow('write ended with null');
  });

  test('has no check where none is given', async ({ folder, expect }) => {
    expect(await (await openStore(commandStore(folder, ''), context)).integrity()).toBe(null);
  });

  test('rows are lines of JSON with an id; what is no marker is left out', ({ expect }) => {
    const output = '{"id":"o-1","payload":"a"}\n\n{"id":"p-1"}\n{"id":"o-2","payload":{"b":1}}\n{"id":"o-3"}\n';
    expect(parseRows(output)).toEqual([
      { id: 'o-1', payload: 'a' },
      { id: 'o-2', payload: '{"b":1}' },
      { id: 'o-3', payload: '' },
    ]);
    expect(() => parseRows('{"id":"o-1"}\nnot json')).toThrow('Line 2 of read is no JSON object with an id: not json');
    expect(() => parseRows('{"payload":"a"}')).toThrow('Line 1');
  });
});
