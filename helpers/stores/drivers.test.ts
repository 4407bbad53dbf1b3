import { execFileSync } from 'node:child_process';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { dir } from 'tmp-promise';
import { describe, test as base } from 'vitest';
import { makeMarker } from '../verdict/marker.ts';
import { openStore } from './drivers.ts';
import { fillIn } from './http.ts';
import { isTransactional, STORE_KINDS, type DriverContext, type StoreDefinition, type StoreKind } from './store.ts';

const context: DriverContext = {
  git: ['git'],
  owner: () => ({ uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }),
  container: { command: [], env: { PATH: process.env['PATH'] } },
  main: () => ({ program: 'node', uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0, cwd: '/' }),
  asOwner: (_, run) => run(),
};

const test = base
  .extend('folder', async ({ task }, { onCleanup }) => {
    const folder = await dir({ prefix: `outlast-${task.id}`, unsafeCleanup: true });
    onCleanup(async () => folder.cleanup());
    return folder.path;
  })
  .extend('serve', ({ signal }, { onCleanup }) => {
    return async (listener: RequestListener): Promise<StoreDefinition & { kind: 'http' }> => {
      const server = createServer(listener);
      await new Promise<void>((resolve) => {
        server.listen({ port: 0, host: '127.0.0.1', signal }, resolve);
      });
      onCleanup(() => {
        server.closeAllConnections();
        server.close();
      });
      const { port } = server.address() as AddressInfo;
      return {
        id: 'rows',
        kind: 'http',
        service: 'app',
        path: '/data',
        url: `http://127.0.0.1:${port}/`,
        write: { key: '{id}', text: '{payload}' },
        read: { id: 'key', payload: 'text' },
      };
    };
  });

function marker(seq: number) {
  return makeMarker({ seed: 's', nonce: 'n', store: 's', epoch: 0, seq });
}

function databaseIn(folder: string): StoreDefinition {
  return { id: 's', kind: 'sqlite', service: 'a', path: join(folder, 'db') };
}

function git(folder: string, ...args: string[]): string {
  return execFileSync('git', ['-C', join(folder, 'outlast-markers.git'), ...args], { encoding: 'utf8' });
}

describe('sqlite', () => {
  test.for(['wal', 'delete'])("leaves the app's journal mode at %s", async (mode, { folder, expect }) => {
    const app = new Database(join(folder, 'db'));
    app.pragma(`journal_mode = ${mode}`);
    app.exec('CREATE TABLE tasks (id)');
    const store = await openStore(databaseIn(folder), context);
    expect(await store.write(marker(1))).toBe(true);
    expect(await store.read()).toEqual([{ id: marker(1).id, payload: marker(1).payload }]);
    await store.close();
    expect(app.pragma('journal_mode', { simple: true })).toBe(mode);
    app.close();
  });

  test('reads a database without the table as empty', async ({ folder, expect }) => {
    new Database(join(folder, 'db')).exec('CREATE TABLE tasks (id)').close();
    const store = await openStore(databaseIn(folder), context);
    expect(await store.read()).toEqual([]);
    await store.close();
    const database = new Database(join(folder, 'db'));
    expect(database.prepare('SELECT name FROM sqlite_schema').all()).toEqual([{ name: 'tasks' }]);
    database.close();
  });

  test('cannot be read when it is no database, and says so in the check', async ({ folder, expect }) => {
    writeFileSync(join(folder, 'db'), 'x'.repeat(5000));
    const store = await openStore(databaseIn(folder), context);
    await expect(store.read()).rejects.toThrow('not a database');
    expect(await store.integrity()).toMatchObject({ ok: false });
    await store.close();
  });
});

describe('several rows at once', () => {
  const three = [marker(1), marker(2), marker(3)];
  const definitions: Record<StoreKind, StoreDefinition> = {
    sqlite: databaseIn('/none'),
    files: { id: 's', kind: 'files', service: 'a', path: '/none' },
    git: { id: 's', kind: 'git', service: 'a', path: '/none' },
    http: { id: 's', kind: 'http', service: 'a', path: '/', url: '', write: {}, read: { id: 'a', payload: 'b' } },
    postgres: { id: 's', kind: 'postgres', service: 'a', path: '/none' },
    mysql: { id: 's', kind: 'mysql', service: 'a', path: '/none' },
    redis: { id: 's', kind: 'redis', service: 'a', path: '/none' },
    command: { id: 's', kind: 'command', service: 'a', path: '/', write: [], read: [] },
  };

  test.for(STORE_KINDS)('%s takes them if it is said to keep all or none', async (kind, { expect }) => {
    const store = await openStore(definitions[kind], context);
    expect(store.writeAll !== undefined).toBe(isTransactional(definitions[kind]));
  });

  test('sqlite keeps none of them where one is refused, and takes them without it', async ({ folder, expect }) => {
    const store = await openStore(databaseIn(folder), context);
    expect(await store.write(marker(2))).toBe(true);
    expect(await store.writeAll?.(three)).toBe(false);
    expect((await store.read()).map(({ id }) => id)).toEqual([marker(2).id]);
    expect(await store.writeAll?.([marker(1), marker(3)])).toBe(true);
    expect((await store.read()).map(({ id }) => id).toSorted()).toEqual(three.map(({ id }) => id));
    await store.close();
  });

  test('sqlite keeps none of them where one fails, and goes on', async ({ folder, expect }) => {
    const store = await openStore(databaseIn(folder), context);
    const broken = { ...marker(2), payload: {} as string };
    await expect(store.writeAll?.([marker(1), broken])).rejects.toThrow('can only bind');
    expect(await store.read()).toEqual([]);
    expect(await store.writeAll?.(three)).toBe(true);
    expect(await store.read()).toHaveLength(3);
    await store.close();
  });
});

describe('files', () => {
  test('leaves no unfinished file, and reads none', async ({ folder, expect }) => {
    const store = await openStore({ id: 's', kind: 'files', service: 'a', path: folder }, context);
    expect(await store.write(marker(1))).toBe(true);
    expect(readdirSync(join(folder, 'outlast-markers'))).toEqual([marker(1).id]);
    writeFileSync(join(folder, 'outlast-markers', `.unfinished-${marker(2).id}`), 'half');
    expect((await store.read()).map(({ id }) => id)).toEqual([marker(1).id]);
  });

  test('gives back what it cannot understand as it is, and finds it broken', async ({ folder, expect }) => {
    const store = await openStore({ id: 's', kind: 'files', service: 'a', path: folder }, context);
    await store.write(marker(1));
    writeFileSync(join(folder, 'outlast-markers', marker(1).id), '');
    expect(await store.read()).toEqual([{ id: marker(1).id, payload: '' }]);
    expect(await store.integrity()).toMatchObject({ ok: false });
  });

  test('finds a file under another name broken', async ({ folder, expect }) => {
    const store = await openStore({ id: 's', kind: 'files', service: 'a', path: folder }, context);
    await store.write(marker(1));
    renameSync(join(folder, 'outlast-markers', marker(1).id), join(folder, 'outlast-markers', marker(2).id));
    expect(await store.integrity()).toMatchObject({ ok: false });
  });

  test('refuses where a file stands in the way', async ({ folder, expect }) => {
    writeFileSync(join(folder, 'outlast-markers'), '');
    const store = await openStore({ id: 's', kind: 'files', service: 'a', path: folder }, context);
    expect(await store.write(marker(1))).toBe(false);
  });
});

describe('git', () => {
  test('makes one commit for each marker, each whole', async ({ folder, expect }) => {
    const store = await openStore({ id: 's', kind: 'git', service: 'a', path: folder }, context);
    for (const seq of [1, 2, 3]) expect(await store.write(marker(seq))).toBe(true);
    expect(git(folder, 'log', '--reverse', '--format=%s|%an').trim().split('\n')).toEqual(
      [1, 2, 3].map((seq) => `${marker(seq).id}|Outlast`),
    );
    expect(git(folder, 'ls-tree', '-r', '--name-only', 'HEAD').trim().split('\n')).toHaveLength(3);
    await store.close();
  });

  test('goes on where an earlier writer has ended', async ({ folder, expect }) => {
    for (const seq of [1, 2]) {
      const store = await openStore({ id: 's', kind: 'git', service: 'a', path: folder }, context);
      expect(await store.write(marker(seq))).toBe(true);
      await store.close();
    }
    expect(git(folder, 'rev-list', '--count', 'HEAD').trim()).toBe('2');
    expect(git(folder, 'fsck', '--full', '--no-progress')).toBe('');
  });

  test('leaves out a row whose object is gone', async ({ folder, expect }) => {
    const store = await openStore({ id: 's', kind: 'git', service: 'a', path: folder }, context);
    await store.write(marker(1));
    await store.write(marker(2));
    const path = `${marker(1).hash.slice(0, 2)}/${marker(1).id}`;
    const object = git(folder, 'rev-parse', `HEAD:${path}`).trim();
    const objects = join(folder, 'outlast-markers.git', 'objects');
    for (const pack of readdirSync(join(objects, 'pack')).filter((name) => name.endsWith('.pack'))) {
      const moved = join(folder, pack);
      renameSync(join(objects, 'pack', pack), moved);
      rmSync(join(objects, 'pack', pack.replace('.pack', '.idx')));
      execFileSync('git', ['-C', join(objects, '..'), 'unpack-objects', '-q'], { input: readFileSync(moved) });
    }
    rmSync(join(objects, object.slice(0, 2), object.slice(2)));
    expect(await store.read()).toEqual([{ id: marker(2).id, payload: marker(2).payload }]);
  });

  test('goes on after a writer was killed', async ({ folder, expect }) => {
    const store = await openStore({ id: 's', kind: 'git', service: 'a', path: folder }, context);
    await store.write(marker(1));
    writeFileSync(join(folder, 'outlast-markers.git', 'refs', 'heads', 'main.lock'), '');
    const next = await openStore({ id: 's', kind: 'git', service: 'a', path: folder }, context);
    expect(await next.write(marker(2))).toBe(true);
  });

  test('reads an empty repository as empty, and cannot read a broken one', async ({ folder, expect }) => {
    const store = await openStore({ id: 's', kind: 'git', service: 'a', path: folder }, context);
    mkdirSync(join(folder, 'outlast-markers.git'));
    git(folder, 'init', '--quiet', '--bare', '--initial-branch=main');
    expect(await store.read()).toEqual([]);
    await store.write(marker(1));
    writeFileSync(join(folder, 'outlast-markers.git', 'refs', 'heads', 'main'), `${'0'.repeat(39)}1\n`);
    await expect(store.read()).rejects.toThrow('git ls-tree');
    await store.close();
  });
});

describe('http', () => {
  test.for([
    [201, true],
    [409, false],
    [422, false],
  ] as const)('an answer of %i is %s', async ([status, end], { serve, expect }) => {
    const store = await openStore(await serve((_, response) => response.writeHead(status).end()), context);
    expect(await store.write(marker(1))).toBe(end);
  });

  test('an answer of 503 leaves the end open', async ({ serve, expect }) => {
    const store = await openStore(await serve((_, response) => response.writeHead(503).end('busy')), context);
    await expect(store.write(marker(1))).rejects.toThrow('answered 503: busy');
  });

  test('does not hang with an app that does', async ({ serve, expect }) => {
    const store = await openStore(await serve(() => {}), context);
    const hung = [store.write(marker(1)), store.read()];
    for (const each of hung) await expect(each).rejects.toThrow('timeout');
  });

  test('hands on the rows of markers alone', async ({ serve, expect }) => {
    const rows = [{ key: 'o-1', text: 'one' }, { key: 'other', text: 'x' }, null, { key: 5 }, { key: 'o-2', text: 7 }];
    const store = await openStore(await serve((_, response) => response.end(JSON.stringify(rows))), context);
    expect(await store.read()).toEqual([
      { id: 'o-1', payload: 'one' },
      { id: 'o-2', payload: '7' },
    ]);
    expect(await store.integrity()).toEqual({ ok: false, detail: '1 of 2 rows have "text"' });
  });

  test('cannot be read when the answer is no array', async ({ serve, expect }) => {
    const store = await openStore(await serve((_, response) => response.end('{}')), context);
    await expect(store.read()).rejects.toThrow('JSON array');
  });

  test('keeps its connection', async ({ serve, expect }) => {
    const sockets = new Set<unknown>();
    const definition = await serve((request, response) => {
      sockets.add(request.socket);
      request.resume().on('end', () => response.writeHead(201).end('{}'));
    });
    const store = await openStore(definition, context);
    for (let seq = 0; seq < 20; seq++) await store.write(marker(seq));
    // The client may hold two and take turns.
    expect(sockets.size).toBeLessThanOrEqual(2);
  });

  test('fills a template in at any depth, once', ({ expect }) => {
    expect(
      fillIn({ a: '{id}', b: [{ c: 'x {payload} {other}' }], d: 1, e: null }, { id: 'o-1', payload: '{id} $&' }),
    ).toEqual({ a: 'o-1', b: [{ c: 'x {id} $& {other}' }], d: 1, e: null });
  });
});

test.for(['sqlite', 'files'] as const)(
  '%s removes the row that is meant and no other',
  async (kind, { folder, expect }) => {
    const path = kind === 'sqlite' ? join(folder, 'db') : folder;
    const store = await openStore({ id: 's', kind, service: 'a', path }, context);
    for (const seq of [1, 2]) await store.write(marker(seq));
    expect(await store.remove?.(marker(1))).toBe(true);
    await store.close();
    const again = await openStore({ id: 's', kind, service: 'a', path }, context);
    expect((await again.read()).map(({ id }) => id)).toEqual([marker(2).id]);
    await again.close();
  },
);

test('what is written lies where the kind says', async ({ folder, expect }) => {
  const store = await openStore({ id: 's', kind: 'files', service: 'a', path: join(folder, 'not', 'yet') }, context);
  expect(await store.write(marker(1))).toBe(true);
  const file = join(folder, 'not', 'yet', 'outlast-markers', marker(1).id);
  expect(existsSync(file)).toBe(true);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ payload: marker(1).payload, hash: marker(1).hash });
  expect(statSync(file).mode & 0o777).toBe(0o644);
});
