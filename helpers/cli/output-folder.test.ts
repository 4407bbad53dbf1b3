import { access, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dir } from 'tmp-promise';
import { test as base } from 'vitest';
import { OutputFolder } from './output-folder.ts';

const test = base.extend('folder', async ({}, { onCleanup }) => {
  const made = await dir({ prefix: 'outlast-output-', unsafeCleanup: true });
  onCleanup(async () => made.cleanup());
  return made.path;
});

test('what was made for a report that never came is taken away again', async ({ folder, expect }) => {
  {
    await using out = await OutputFolder.open(join(folder, 'a/b'));
    expect(await readdir(out.path)).toEqual([]);
  }
  expect(await readdir(folder)).toEqual([]);
});

test('what was there, and what holds a report, stays', async ({ folder, expect }) => {
  {
    await using there = await OutputFolder.open(folder);
    await using made = await OutputFolder.open(join(there.path, 'a/b'));
    await writeFile(join(made.path, 'report.json'), '');
  }
  await access(join(folder, 'a/b/report.json'));
  {
    await using _ = await OutputFolder.open(join(folder, 'a'));
  }
  expect(await readdir(folder)).toEqual(['a']);
});

test('where no folder can be made it says so, and leaves nothing', async ({ folder, expect }) => {
  await writeFile(join(folder, 'file'), '');
  for (const path of ['/proc/nowhere/deeper', join(folder, 'file'), join(folder, 'file/below')])
    await expect(OutputFolder.open(path)).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
  expect(await readdir(folder)).toEqual(['file']);
});
