import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dir } from 'tmp-promise';
import { test as base } from 'vitest';
import { servicesOf } from './backup.ts';
import { readConfig } from './config.ts';

const STORES = `stores:
  - { id: db, kind: sqlite, service: app, path: /data/db }
`;
const BACKUP = `backup:
  stores: [db]
  take: { run: backup, command: [pg_dump, -Fc] }
  restore: { exec: db, command: [pg_restore], depends_on: [init] }
`;

const test = base.extend('folder', async ({}, { onCleanup }) => {
  const made = await dir({ prefix: 'outlast-config-', unsafeCleanup: true });
  onCleanup(async () => made.cleanup());
  return made.path;
});

test('a backup is read, with the services that it names', async ({ folder, expect }) => {
  await writeFile(join(folder, 'outlast.yaml'), STORES + BACKUP);
  const { backup } = (await readConfig(folder)) ?? {};
  expect(backup).toEqual({
    stores: ['db'],
    take: { run: 'backup', command: ['pg_dump', '-Fc'] },
    restore: { exec: 'db', command: ['pg_restore'], depends_on: ['init'] },
  });
  expect(backup && servicesOf(backup)).toEqual([
    { path: ['take', 'run'], name: 'backup' },
    { path: ['restore', 'exec'], name: 'db' },
    { path: ['restore', 'depends_on', '0'], name: 'init' },
  ]);
});

test('an existing backup is found beside the configuration', async ({ folder, expect }) => {
  await writeFile(join(folder, 'old.dump'), 'x');
  await writeFile(join(folder, 'outlast.yaml'), STORES + BACKUP.replace(/take: .*/, 'file: ./old.dump'));
  expect((await readConfig(folder))?.backup?.file).toBe(join(folder, 'old.dump'));
});

test('a fault found later names its line', async ({ folder, expect }) => {
  await writeFile(join(folder, 'outlast.yaml'), STORES + BACKUP);
  const config = await readConfig(folder);
  expect(config?.fault(['backup', 'restore', 'depends_on', '0'], 'no such service').message).toBe(
    `${join(folder, 'outlast.yaml')}:6: backup.restore.depends_on.0: no such service`,
  );
});

test.for([
  ['a store that is not there', BACKUP.replace('[db]', '[db, files]'), ':4: backup.stores.1: "files"'],
  ['no command', BACKUP.replace(/take: .*/, 'take: { run: backup, command: [] }'), ':5: backup.take'],
  ['a command in one string', BACKUP.replace(/take: .*/, 'take: { run: backup, command: pg_dump }'), ':5: backup.take'],
  ['both run and exec', BACKUP.replace('take: {', 'take: { exec: db,'), ':5: backup.take'],
  ['neither take nor file', BACKUP.replace(/take: .*\n {2}/, ''), 'backup: either `take` or `file`'],
  ['both take and file', `${BACKUP}  file: ./x\n`, 'backup: either `take` or `file`'],
  ['a file that is not there', BACKUP.replace(/take: .*/, 'file: ./none.dump'), ':5: backup.file: there is no file'],
  ['an empty file', BACKUP.replace(/take: .*/, 'file: ./empty.dump'), ':5: backup.file: '],
  ['a relative folder', `${BACKUP}  folder: backups\n`, ':7: backup.folder: an absolute path'],
  ['a key that is unknown', `${BACKUP}  retention: 7\n`, 'retention'],
  ['no restore', BACKUP.replace(/ {2}restore: .*\n/, ''), 'backup.restore'],
] as const)('%s is CONFIG_INVALID', async ([, text, says], { folder, expect }) => {
  await writeFile(join(folder, 'empty.dump'), '');
  await writeFile(join(folder, 'outlast.yaml'), STORES + text);
  await expect(readConfig(folder)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining(says) as string,
  });
});

test('stores may be left for the running stack to tell, and are looked at then', async ({ folder, expect }) => {
  await writeFile(join(folder, 'outlast.yaml'), `${BACKUP}leave_out: [mailer]\n`);
  const config = await readConfig(folder);
  expect(config).toMatchObject({ leave_out: ['mailer'] });
  expect(() => config?.checkStores(['db'])).not.toThrow();
  expect(() => config?.checkStores(['files'])).toThrow(':2: backup.stores.0: "db" is none of the stores files');
});

test('what may be lost, and the limits, are read', async ({ folder, expect }) => {
  const text = `${STORES}expect:
  - { store: db, outcomes: [lost, hidden], reason: a cache }
  - { store: db, disruptions: [down-up], outcomes: [unavailable], reason: slow }
limits: { timeout: 90, copy: 3MiB }
`;
  await writeFile(join(folder, 'outlast.yaml'), text);
  expect(await readConfig(folder)).toMatchObject({
    expect: [
      { store: 'db', outcomes: ['lost', 'hidden'], reason: 'a cache' },
      { store: 'db', disruptions: ['down-up'], outcomes: ['unavailable'], reason: 'slow' },
    ],
    limits: { timeout: 90, copy: 3 * 1024 ** 2 },
  });
});

test('later versions are read, and values of build arguments are text', async ({ folder, expect }) => {
  await writeFile(join(folder, 'outlast.yaml'), 'rebuild: { db: { image: "db:2" }, app: { args: { A: 2, B: on } } }\n');
  expect((await readConfig(folder))?.rebuild).toEqual({ db: { image: 'db:2' }, app: { args: { A: '2', B: 'on' } } });
});

test.for([
  ['a key that is unknown', 'leaveout: [a]', 'leaveout'],
  ['neither image nor arguments', 'rebuild: { app: {} }', ':3: rebuild.app: either `image`'],
  ['both image and arguments', 'rebuild: { app: { image: a, args: { A: 1 } } }', ':3: rebuild.app: either `image`'],
  ['no argument', 'rebuild: { app: { args: {} } }', ':3: rebuild.app'],
  ['an image without a name', "rebuild: { app: { image: '' } }", ':3: rebuild.app'],
  ['a tag alone', 'rebuild: { app: "2" }', ':3: rebuild.app: either `image`'],
  ['nothing to leave out', 'leave_out: []', ':3: leave_out'],
  ['a service in no list', 'leave_out: mailer', ':3: leave_out'],
  ['of a store that is not there', 'expect: [{ store: x, outcomes: [lost], reason: r }]', ':3: expect.0.store: "x" is'],
  ['no reason', 'expect: [{ store: db, outcomes: [lost] }]', 'expect.0.reason'],
  ['what nobody has seen', 'expect: [{ store: db, outcomes: [unknown], reason: r }]', ':3: expect.0.outcomes.0'],
  ['what is no loss', 'expect: [{ store: db, outcomes: [survived], reason: r }]', ':3: expect.0.outcomes.0'],
  [
    'a disruption that is not there',
    'expect: [{ store: db, disruptions: [flood], outcomes: [lost], reason: r }]',
    ':3: expect.0.disruptions.0',
  ],
  ['a size without a unit', 'limits: { copy: 20 }', ':3: limits.copy'],
  ['a size of another unit', 'limits: { copy: 20 Gb }', ':3: limits.copy: a size as'],
  ['no time', 'limits: { timeout: 0 }', ':3: limits.timeout'],
  ['a limit that is unknown', 'limits: { memory: 1GiB }', 'memory'],
] as const)('of the rest, %s is CONFIG_INVALID', async ([, text, says], { folder, expect }) => {
  await writeFile(join(folder, 'outlast.yaml'), `${STORES}${text}\n`);
  await expect(readConfig(folder)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining(says) as string,
  });
});

test.for([
  ['/data//db/', '/data/db'],
  ['/./data/db', '/data/db'],
  ['/', '/'],
  [`/it's "$(touch x)"\n\t\\ ...`, `/it's "$(touch x)"\n\t\\ ...`],
] as const)('the path %j is %j', async ([path, read], { folder, expect }) => {
  await writeFile(join(folder, 'outlast.yaml'), STORES.replace('/data/db', JSON.stringify(path)));
  expect((await readConfig(folder))?.stores).toMatchObject([{ path: read }]);
});

test.for(['data/db', '', '../data', '/data/../db', '/data/..', '/data\0/db'])(
  'the path %j is CONFIG_INVALID',
  async (path, { folder, expect }) => {
    await writeFile(join(folder, 'outlast.yaml'), STORES.replace('/data/db', JSON.stringify(path)));
    await expect(readConfig(folder)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(':2: stores.0.path: ') as string,
    });
  },
);

test('a store id that stands there twice is CONFIG_INVALID, with its line', async ({ folder, expect }) => {
  const line = STORES.split('\n')[1];
  await writeFile(join(folder, 'outlast.yaml'), `${STORES}${line}\n`);
  await expect(readConfig(folder)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining(':3: stores.1.id: the id "db" stands there twice') as string,
  });
});

test('a database server is read, its database as a text', async ({ folder, expect }) => {
  await writeFile(
    join(folder, 'outlast.yaml'),
    `stores:
  - { id: orders, kind: postgres, service: db, path: /var/lib/postgresql/data }
  - { id: cache, kind: redis, service: cache, path: /data, database: 3 }
  - { id: shop, kind: mysql, service: db, path: /var/lib/mysql, url: 'mysql://app:word@127.0.0.1/shop' }
  - { id: docs, kind: command, service: mongo, path: /data/db, write: [put], read: [get] }
`,
  );
  expect((await readConfig(folder))?.stores).toMatchObject([
    { kind: 'postgres' },
    { kind: 'redis', database: '3' },
    { kind: 'mysql', url: 'mysql://app:word@127.0.0.1/shop' },
    { kind: 'command', write: ['put'], read: ['get'] },
  ]);
});

test.for([
  ['both url and user', 'kind: postgres, url: "postgres://a@b/c", user: a', ':2: stores.0: either an url'],
  ['an url of something else', 'kind: postgres, url: "mysql://a@b/c"', ':2: stores.0.url: an URL of postgres'],
  ['a database of redis with a name', 'kind: redis, database: main', ':2: stores.0.database'],
  ['a command in one string', 'kind: command, write: put, read: [get]', ':2: stores.0.write'],
  ['an empty command', 'kind: command, write: [], read: [get]', ':2: stores.0.write: a list of a program'],
  ['a key that is unknown', 'kind: mysql, port: 3306', 'port'],
] as const)('of a server, %s is CONFIG_INVALID', async ([, keys, says], { folder, expect }) => {
  await writeFile(join(folder, 'outlast.yaml'), `stores:\n  - { id: s, service: db, path: /data, ${keys} }\n`);
  await expect(readConfig(folder)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining(says) as string,
  });
});

test('every configuration that docs/stores.md shows is one', async ({ folder, expect }) => {
  const text = await readFile(new URL('../../docs/stores.md', import.meta.url), 'utf8');
  const blocks = [...text.matchAll(/^```yaml\n([^]*?)^```$/gm)];
  expect(blocks).not.toEqual([]);
  for (const [, block = ''] of blocks) {
    await writeFile(join(folder, 'outlast.yaml'), block);
    await expect(readConfig(folder), block).resolves.toMatchObject({ stores: expect.any(Array) as unknown });
  }
});
