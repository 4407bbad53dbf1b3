import { writeFile } from 'node:fs/promises';
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

test('a store id that stands there twice is CONFIG_INVALID, with its line', async ({ folder, expect }) => {
  const line = STORES.split('\n')[1];
  await writeFile(join(folder, 'outlast.yaml'), `${STORES}${line}\n`);
  await expect(readConfig(folder)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining(':3: stores.1.id: the id "db" stands there twice') as string,
  });
});
