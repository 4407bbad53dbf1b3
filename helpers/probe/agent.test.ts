import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { chmod, chown, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { dir } from 'tmp-promise';
import { test as base } from 'vitest';
import type { StoreDefinition } from '../stores/store.ts';
import { makeMarker } from '../verdict/marker.ts';
import { linesOf } from './lines.ts';
import type { Reply } from './protocol.ts';

class Agent {
  readonly child: ChildProcessWithoutNullStreams;
  readonly #replies: AsyncIterator<string>;

  constructor(signal: AbortSignal) {
    this.child = spawn(process.execPath, [fileURLToPath(new URL('./agent.ts', import.meta.url))], { signal });
    this.child.on('error', () => {});
    this.#replies = linesOf(this.child.stdout);
  }

  send(...requests: object[]): void {
    this.child.stdin.write(requests.map((request) => `${JSON.stringify(request)}\n`).join(''));
  }

  async reply(): Promise<Reply> {
    const { value } = (await this.#replies.next()) as { value: string };
    return JSON.parse(value) as Reply;
  }
}

const test = base
  .extend('agent', ({ signal }, { onCleanup }) => {
    const agent = new Agent(signal);
    onCleanup(() => void agent.child.kill('SIGKILL'));
    return agent;
  })
  .extend('folder', async ({ task }, { onCleanup }) => {
    const folder = await dir({ prefix: `outlast-${task.id}`, unsafeCleanup: true });
    onCleanup(async () => folder.cleanup());
    return folder.path;
  });

const marker = makeMarker({ seed: 's', nonce: 'n', store: 's', epoch: 0, seq: 0 });

function database(folder: string): StoreDefinition {
  return { id: 'db', kind: 'sqlite', service: 'app', path: join(folder, 'app.db') };
}

test('answers each request by its id and ends when nothing more comes', async ({ agent, folder, expect }) => {
  const store = database(folder);
  agent.send(
    { id: 1, op: 'read', store },
    { id: 2, op: 'write', store, markers: [marker] },
    { id: 3, op: 'read', store },
  );
  expect(await agent.reply()).toEqual({ id: 1, ok: true, value: [] });
  expect(await agent.reply()).toEqual({ id: 2, ok: true, value: true });
  expect(await agent.reply()).toEqual({ id: 3, ok: true, value: [{ id: marker.id, payload: marker.payload }] });
  agent.child.stdin.end();
  expect(await once(agent.child, 'exit')).toEqual([0, null]);
});

test('a fault of one store is an answer, and others go on', async ({ agent, folder, expect }) => {
  const nowhere = { id: 'x', kind: 'http', service: 'app', path: '/', url: 'http://127.0.0.1:1/', write: {}, read: {} };
  agent.send({ id: 1, op: 'read', store: nowhere });
  expect(await agent.reply()).toMatchObject({ id: 1, ok: false });
  agent.send({ id: 2, op: 'read', store: database(folder) });
  expect(await agent.reply()).toMatchObject({ id: 2, ok: true });
});

test('tells a file from a folder and from nothing, whatever the name', async ({ agent, folder, expect }) => {
  const name = `it's "$(touch x)"\n\u2028 ..`;
  await mkdir(join(folder, name));
  await writeFile(join(folder, name, name), '');
  await symlink(name, join(folder, 'link'));
  const paths = [name, `${name}/${name}`, 'link', 'none', `${name}/${name}/below`].map((each) => join(folder, each));
  agent.send(...paths.map((path, id) => ({ id, op: 'kindAt', path })));
  const kinds = [];
  for (const _ of paths) kinds.push(((await agent.reply()) as { value: unknown }).value);
  expect(kinds).toEqual(['folder', 'file', 'folder', 'absent', 'absent']);
});

test('a slow store does not hold up another', async ({ agent, folder, expect }) => {
  const { promise: mayAnswer, resolve: letAnswer } = Promise.withResolvers<void>();
  const server = createServer((_, response) => void mayAnswer.then(() => response.end('[]')));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const slow = { id: 'slow', kind: 'http', service: 'app', path: '/', url, write: {}, read: { id: 'a', payload: 'b' } };
  agent.send({ id: 1, op: 'read', store: slow }, { id: 2, op: 'write', store: database(folder), markers: [marker] });
  expect(await agent.reply()).toMatchObject({ id: 2, ok: true });
  letAnswer();
  expect(await agent.reply()).toEqual({ id: 1, ok: true, value: [] });
  server.closeAllConnections();
  server.close();
});

test('a line ends at a newline and nowhere else', async ({ agent, folder, expect }) => {
  const odd = { ...marker, payload: '\u2028\u2029\u0085 漢字' };
  agent.send(
    { id: 1, op: 'write', store: database(folder), markers: [odd] },
    { id: 2, op: 'read', store: database(folder) },
  );
  expect(await agent.reply()).toMatchObject({ id: 1, ok: true });
  expect(await agent.reply()).toEqual({ id: 2, ok: true, value: [{ id: odd.id, payload: odd.payload }] });
});

test('writes several rows at once where they are kept all or not at all', async ({ agent, folder, expect }) => {
  const markers = [0, 1, 2].map((seq) => makeMarker({ seed: 's', nonce: 'n', store: 's', epoch: 0, seq }));
  const files = { id: 'files', kind: 'files', service: 'app', path: folder };
  agent.send({ id: 1, op: 'write', store: database(folder), markers });
  agent.send({ id: 2, op: 'read', store: database(folder) });
  expect(await agent.reply()).toEqual({ id: 1, ok: true, value: true });
  expect(await agent.reply()).toEqual({ id: 2, ok: true, value: markers.map(({ id, payload }) => ({ id, payload })) });
  agent.send({ id: 3, op: 'write', store: files, markers });
  agent.send({ id: 4, op: 'read', store: files });
  expect(await agent.reply()).toEqual({ id: 3, ok: false, error: 'This kind of store takes one row at a time.' });
  expect(await agent.reply()).toEqual({ id: 4, ok: true, value: [] });
});

test('hands over a hundred thousand rows, some at a time', { timeout: 30_000 }, async ({ agent, folder, expect }) => {
  const { default: Database } = await import('better-sqlite3');
  const rows = new Database(join(folder, 'app.db'));
  rows.exec(`CREATE TABLE outlast_markers (id TEXT PRIMARY KEY, payload TEXT NOT NULL, hash TEXT NOT NULL);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
    INSERT INTO outlast_markers SELECT 'o-' || i, printf('%0120d', i), '' FROM n;
    INSERT INTO outlast_markers VALUES ('p-1', '', '')`);
  rows.close();
  agent.send({ id: 1, op: 'read', store: database(folder) });
  const ids = new Set<string>();
  let largest = 0;
  let reply: Reply;
  do {
    reply = await agent.reply();
    const part = 'rows' in reply ? reply.rows : (reply as unknown as { value: { id: string }[] }).value;
    part.forEach(({ id }) => ids.add(id));
    largest = Math.max(largest, part.length);
  } while ('rows' in reply);
  expect(ids.size).toBe(100_000);
  expect(largest).toBe(1000);
});

test.runIf(process.getuid?.() === 0)('writes as the owner of the place', async ({ agent, folder, expect }) => {
  await chown(folder, 1001, 1002);
  const files = { id: 'files', kind: 'files', service: 'app', path: folder };
  const git = { id: 'git', kind: 'git', service: 'app', path: join(folder, 'git') };
  agent.send({ id: 1, op: 'write', store: database(folder), markers: [marker] });
  agent.send({ id: 2, op: 'write', store: files, markers: [marker] });
  agent.send({ id: 3, op: 'write', store: git, markers: [marker] });
  for (let answers = 0; answers < 3; answers++) expect(await agent.reply()).toMatchObject({ ok: true, value: true });
  for (const name of ['app.db', `outlast-markers/${marker.id}`, 'git/outlast-markers.git/HEAD']) {
    const { uid, gid } = statSync(join(folder, name));
    expect({ name, uid, gid }).toEqual({ name, uid: 1001, gid: 1002 });
  }
});

test.runIf(process.getuid?.() === 0)('is refused what the owner is refused', async ({ agent, folder, expect }) => {
  await chown(folder, 1001, 1001);
  await chmod(folder, 0o555);
  agent.send({ id: 1, op: 'write', store: database(folder), markers: [marker] });
  expect(await agent.reply()).toEqual({ id: 1, ok: true, value: false });
  expect(existsSync(join(folder, 'app.db'))).toBe(false);
});
