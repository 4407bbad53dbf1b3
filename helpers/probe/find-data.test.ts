import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { dir } from 'tmp-promise';
import { test as base } from 'vitest';
import { findData } from './find-data.ts';

const test = base.extend('folder', async ({}, { onCleanup }) => {
  const made = await dir({ prefix: 'outlast-find-', unsafeCleanup: true });
  onCleanup(async () => made.cleanup());
  return made.path;
});

const HOLDER = `const { openSync } = require('node:fs');
  openSync(process.argv[1], 'r+');
  openSync(process.argv[2], 'r');
  console.log('open');
  setInterval(() => {}, 1000)`;

/** Of those that are found anywhere on the machine. */
function databasesIn(folder: string, place: string): string[] {
  const found = findData([place]).sqlite.map(({ path }) => path);
  return found.filter((path) => path.startsWith(folder));
}

test('databases by their header, not by their name', ({ folder, expect }) => {
  mkdirSync(join(folder, 'deep/er'), { recursive: true });
  const database = new Database(join(folder, 'deep/er/app.data'));
  database.exec('CREATE TABLE t (x)');
  database.close();
  writeFileSync(join(folder, 'not.sqlite'), 'a text');
  writeFileSync(join(folder, 'empty.db'), '');
  symlinkSync(join(folder, 'deep/er/app.data'), join(folder, 'link.db'));
  expect(databasesIn(folder, folder)).toEqual([join(folder, 'deep/er/app.data')]);
  expect(databasesIn(folder, join(folder, 'deep/er/app.data'))).toEqual([join(folder, 'deep/er/app.data')]);
  expect(databasesIn(folder, join(folder, 'nowhere'))).toEqual([]);
  expect(findData([folder]).truncated).toBe(false);
});

test('databases that another process has open, and for writing those that are anywhere', async ({
  folder,
  expect,
  signal,
}) => {
  for (const name of ['written', 'read', 'idle']) new Database(join(folder, name)).exec('CREATE TABLE t (x)').close();
  const app = spawn(process.execPath, ['-e', HOLDER, join(folder, 'written'), join(folder, 'read')], { signal });
  app.on('error', () => {});
  await once(app.stdout, 'data');
  const openIn = (...places: string[]) =>
    findData(places)
      .sqlite.filter(({ path }) => path.startsWith(folder))
      .map(({ path, open }) => [path.slice(folder.length + 1), open === true]);
  expect(openIn(folder)).toEqual([
    ['idle', false],
    ['read', true],
    ['written', true],
  ]);
  expect(openIn()).toEqual([['written', true]]);
  app.kill('SIGKILL');
  await once(app, 'exit');
  expect(openIn(folder).filter(([, open]) => open)).toEqual([]);
});

test('repositories by their shape, bare or not', ({ folder, expect }) => {
  execFileSync('git', ['init', '-q', '--bare', join(folder, 'a.git')]);
  execFileSync('git', ['init', '-q', join(folder, 'work')]);
  mkdirSync(join(folder, 'refs'));
  expect(findData([folder]).git).toEqual([join(folder, 'a.git'), join(folder, 'work')]);
});

test('says when it has not seen all', ({ folder, expect }) => {
  for (let number = 0; number <= 200; number++) {
    mkdirSync(join(folder, `d${number}`));
    for (let file = 0; file < 100; file++) writeFileSync(join(folder, `d${number}`, `f${file}`), '');
  }
  expect(findData([folder]).truncated).toBe(true);
});

test('of what was added, the files that hold something', ({ folder, expect }) => {
  mkdirSync(join(folder, 'mysql-files'));
  writeFileSync(join(folder, 'empty'), '');
  writeFileSync(join(folder, 'rows'), 'row');
  const added = ['mysql-files', 'empty', 'rows', 'gone'].map((name) => join(folder, name));
  expect(findData([], added).files).toEqual([join(folder, 'rows')]);
});
