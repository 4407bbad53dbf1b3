import { chownSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { openDatabase } from './database.ts';
import { migrate } from './migrations.ts';
import { type Folders, health, isRoot, post, startProcess, temporaryFolders } from './test-app.ts';

test('acknowledged rows are listed, also after a restart and a kill', async () => {
  using folders = temporaryFolders();
  {
    await using app = startProcess('server.ts', folders);
    const url = await app.url();
    expect(await post(`${url}/api/projects`, { id: 'p1', name: 'first', description: 'd' })).toMatchObject({
      status: 201,
      body: { id: 'p1', name: 'first', description: 'd' },
    });
    expect(await app.stop()).toBe(0);
  }
  {
    await using app = startProcess('server.ts', folders);
    const url = await app.url();
    expect((await app.event('schema-ready'))['applied']).toEqual([]);
    expect(await post(`${url}/api/projects`, { name: 'second' })).toMatchObject({ status: 201 });
    expect(await post(`${url}/api/tasks`, { projectId: 'p1', title: 'a task' })).toMatchObject({
      status: 201,
      body: { projectId: 'p1', title: 'a task', done: false },
    });
    await app.kill();
  }
  await using app = startProcess('server.ts', folders);
  const url = await app.url();
  const list = async (path: string) => (await fetch(url + path)).json();
  expect(await list('/api/projects')).toMatchObject([{ id: 'p1', name: 'first' }, { name: 'second' }]);
  expect(await list('/api/projects?prefix=sec')).toMatchObject([{ name: 'second' }]);
  expect(await list('/api/tasks?projectId=p1')).toMatchObject([{ title: 'a task' }]);
  expect(await list('/api/tasks?projectId=other')).toEqual([]);
});

test('SIGTERM closes the database: nothing is left in a -wal', async () => {
  using folders = temporaryFolders();
  await using app = startProcess('server.ts', folders);
  await post(`${await app.url()}/api/projects`, { name: 'in the WAL' });
  expect(readdirSync(folders.data)).toContain('db.sqlite-wal');

  expect(await app.stop()).toBe(0);

  expect(readdirSync(folders.data).toSorted()).toEqual(['config.json', 'db.sqlite', 'db.sqlite.lock']);
  const database = new Database(folders.database, { readonly: true });
  expect(database.prepare('SELECT name FROM projects').pluck().all()).toEqual(['in the WAL']);
  database.close();
});

test('bad input is refused by name of the field, and writes nothing', async () => {
  using folders = temporaryFolders();
  await using app = startProcess('server.ts', folders);
  const url = await app.url();

  const missing = await post(`${url}/api/projects`, { description: 'no name' });
  expect(missing).toMatchObject({ status: 400, body: { error: expect.stringContaining('name') } });
  expect(await post(`${url}/api/projects`, { name: 'x', extra: 1 })).toMatchObject({ status: 400 });
  expect(await post(`${url}/api/tasks`, { projectId: 'nobody', title: 't' })).toMatchObject({ status: 400 });
  expect((await fetch(`${url}/api/projects`, { method: 'POST', body: '{' })).status).toBe(400);

  await post(`${url}/api/projects`, { id: 'twice', name: 'x' });
  expect(await post(`${url}/api/projects`, { id: 'twice', name: 'y' })).toMatchObject({ status: 409 });
  expect(await (await fetch(`${url}/api/projects`)).json()).toHaveLength(1);
});

test.for([
  ['is removed', (database: string) => rmSync(database)],
  [
    'is overwritten',
    (database: string) => {
      const other = new Database(database);
      other.pragma('wal_checkpoint(TRUNCATE)'); // or every page would still be readable from the WAL
      writeFileSync(database, 'not a database, and longer than its header'.repeat(99));
      other.close();
    },
  ],
  [
    'is replaced by another sound one',
    (database: string) => {
      const copy = new Database(`${database}.other`);
      copy.exec('CREATE TABLE projects (id)');
      copy.close();
      renameSync(`${database}.other`, database);
    },
  ],
] as const)('health says why it is bad when the database %s', async ([, harm]) => {
  using folders = temporaryFolders();
  await using app = startProcess('server.ts', folders);
  const url = await app.url();
  expect((await fetch(`${url}/api/health`)).status).toBe(200);

  harm(folders.database);

  const response = await fetch(`${url}/api/health`);
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({ status: 'unavailable', reason: expect.stringMatching(/\w+/) });
});

test('the health check script mirrors the answer in its exit code', async () => {
  using folders = temporaryFolders();
  await using app = startProcess('server.ts', folders);
  const port = new URL(await app.url()).port;
  const check = () => startProcess('healthcheck.js', folders, { PORT: port }).exitCode();

  expect(await check()).toBe(0);
  rmSync(folders.database);
  expect(await check()).toBe(1);
  await app.stop();
  expect(await check()).toBe(1);
});

test('a start that cannot open its database stays up to say so, and opens it as soon as it can', async () => {
  using folders = temporaryFolders();
  rmSync(folders.data, { recursive: true });
  await using app = startProcess('server.ts', folders);
  const url = await app.url();
  expect(await app.event('open-failed')).toMatchObject({
    level: 'error',
    message: expect.stringContaining('directory'),
  });
  expect(await health(url)).toMatchObject({
    code: 503,
    status: 'unavailable',
    reason: expect.stringContaining('directory'),
  });
  expect(await post(`${url}/api/projects`, { name: 'x' })).toMatchObject({ status: 503 });
  await health(url);
  expect(app.lines.filter(({ event }) => event === 'open-failed')).toHaveLength(1);
  expect(existsSync(folders.data)).toBe(false);

  mkdirSync(folders.data);
  writeFileSync(join(folders.data, 'config.json'), '{"title":"back"}');
  expect(await health(url)).toMatchObject({ code: 200, status: 'ok', title: 'back' });
  expect(await post(`${url}/api/projects`, { name: 'x' })).toMatchObject({ status: 201 });
});

/** As a stopped app leaves it. */
function usedDatabase(folders: Folders): void {
  const database = openDatabase(folders.database);
  migrate(database, join(import.meta.dirname, 'migrations'), folders.backups);
  database.exec("INSERT INTO projects (name) VALUES ('kept')");
  database.close();
  writeFileSync(`${folders.database}.lock`, '');
}

/** Whose they are, the service is not. A file's mode is the usual one: its owner may write. */
test.runIf(isRoot).for([
  ['an empty directory', (folders: Folders) => [folders.data], 'unable to open database file'],
  ['the directory', (folders: Folders) => [folders.data], 'attempt to write a readonly database'],
  ['the file', (folders: Folders) => [folders.database], 'attempt to write a readonly database'],
  ['both', (folders: Folders) => [folders.data, folders.database], 'attempt to write a readonly database'],
] as const)(
  '%s of somebody else: SQLite’s words in the log, owner and command in the alarm; cured without a restart',
  async ([what, theirs, words]) => {
    using folders = temporaryFolders();
    const rows = what === 'an empty directory' ? [] : [{ name: 'kept' }];
    if (rows.length > 0) usedDatabase(folders);
    for (const path of theirs(folders)) chownSync(path, 4242, 4343);
    await using app = startProcess('server.ts', folders, {}, { powerless: true });
    const url = await app.url();

    const ill = await health(url);
    expect(ill.code).toBe(503);
    expect(ill.reason).toBe(words);
    expect(await app.event('open-failed')).toHaveProperty('message', words);
    for (const path of theirs(folders))
      expect(ill.alarms).toContainEqual(
        expect.objectContaining({
          alarm: 'not-writable',
          path,
          value: '4242:4343',
          limit: '0:0',
          fix: `docker compose run --rm --no-deps --user 0:0 --entrypoint chown app -R 0:0 ${path}`,
        }),
      );

    for (const path of theirs(folders)) chownSync(path, 0, 0);
    expect(await health(url)).toMatchObject({ code: 200, alarms: [] });
    expect(await app.event('alarm-cleared')).toMatchObject({ alarm: 'not-writable' });
    expect(await (await fetch(`${url}/api/projects`)).json()).toMatchObject(rows);
  },
);

test.runIf(isRoot)(
  'a database given to somebody else under the running app is noticed, and nothing is lost',
  async () => {
    using folders = temporaryFolders();
    await using app = startProcess('server.ts', folders, {}, { powerless: true });
    const url = await app.url();
    await post(`${url}/api/projects`, { name: 'kept' });
    chownSync(folders.database, 4242, 4343);
    expect(await health(url)).toMatchObject({ code: 503, reason: expect.stringContaining('belongs to 4242:4343') });
    chownSync(folders.database, 0, 0);
    expect(await health(url)).toMatchObject({ code: 200 });
    expect(await (await fetch(`${url}/api/projects`)).json()).toMatchObject([{ name: 'kept' }]);
  },
);
