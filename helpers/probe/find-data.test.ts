import { execFileSync } from 'node:child_process';
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

test('databases by their header, not by their name', ({ folder, expect }) => {
  mkdirSync(join(folder, 'deep/er'), { recursive: true });
  const database = new Database(join(folder, 'deep/er/app.data'));
  database.exec('CREATE TABLE t (x)');
  database.close();
  writeFileSync(join(folder, 'not.sqlite'), 'a text');
  writeFileSync(join(folder, 'empty.db'), '');
  symlinkSync(join(folder, 'deep/er/app.data'), join(folder, 'link.db'));
  expect(findData([folder])).toMatchObject({ sqlite: [join(folder, 'deep/er/app.data')], truncated: false });
  expect(findData([join(folder, 'deep/er/app.data')]).sqlite).toEqual([join(folder, 'deep/er/app.data')]);
  expect(findData([join(folder, 'nowhere')]).sqlite).toEqual([]);
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
