import { chown, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dir } from 'tmp-promise';
import { describe, test as base } from 'vitest';
import * as files from '../host/files/file-operations.ts';
import { BindOwners, type Part } from './bind-owners.ts';

const test = base.extend('source', async ({}, { onCleanup }) => {
  const made = await dir({ prefix: 'outlast-owners-', unsafeCleanup: true });
  onCleanup(async () => made.cleanup());
  await mkdir(join(made.path, 'sub'));
  await Promise.all(['db', 'sub/file'].map(async (name) => writeFile(join(made.path, name), '')));
  return made.path;
});

const PLACES = ['.', 'db', 'sub', 'sub/file'];

// Only root may give anything away.
describe.runIf(process.getuid?.() === 0)('the owners of a bind', () => {
  test.for([
    ['directory', [501, 0, 501, 0], 'find ./data -type d -exec chown 501:501 {} +'],
    ['file', [0, 501, 0, 501], 'find ./data ! -type d -exec chown 501:501 {} +'],
    ['both', [501, 501, 501, 501], 'chown -R 501:501 ./data'],
  ] as const)('are given away and back: %s', async ([part, uids, command], { source, expect }) => {
    const owners = new BindOwners(files, [{ source, name: './data' }]);
    const uidsNow = async () => Promise.all(PLACES.map(async (name) => (await stat(join(source, name))).uid));
    const before = await owners.facts();
    expect(await owners.give(part satisfies Part, 501)).toEqual([command]);
    expect(await uidsNow()).toEqual(uids);
    expect(await owners.facts()).not.toEqual(before);
    // A second time: what came first is still remembered.
    await owners.give('both', 502);
    expect(await owners.giveBack()).toEqual(['chown -R 0:0 ./data']);
    expect(await uidsNow()).toEqual([0, 0, 0, 0]);
    expect(await owners.facts()).toEqual(before);
    expect(await owners.giveBack()).toEqual([]);
  });

  test('of an empty folder say nothing, and it stays whose it is', async ({ source, expect }) => {
    const empty = join(source, 'empty');
    await mkdir(empty);
    const owners = new BindOwners(files, [{ source: empty, name: './empty' }]);
    expect(await owners.facts()).toEqual([]);
    expect(await owners.give('both', 501)).toEqual([]);
    expect((await stat(empty)).uid).toBe(0);
  });

  test('that the service removed meanwhile are let go', async ({ source, expect }) => {
    const owners = new BindOwners(files, [{ source: join(source, 'sub'), name: './sub' }]);
    await owners.give('both', 501);
    await rm(join(source, 'sub/file'));
    await owners.giveBack();
    expect((await stat(join(source, 'sub'))).uid).toBe(0);
  });

  test('are set right for what a stranger has made, and for nobody else', async ({ source, expect }) => {
    const owners = new BindOwners(files, [{ source, name: './data' }]);
    await owners.give('both', 501);
    for (const [name, uid] of [
      ['db-wal', 501],
      ['of-another', 777],
    ] as const) {
      await writeFile(join(source, name), '');
      await chown(join(source, name), uid, uid);
    }
    await owners.giveBack();
    expect((await stat(join(source, 'db-wal'))).uid).toBe(0);
    expect((await stat(join(source, 'of-another'))).uid).toBe(777);
  });

  test('are told with the mode of the folder', async ({ source, expect }) => {
    const owners = new BindOwners(files, [{ source, name: './data' }]);
    await owners.give('file', 501);
    expect(await owners.facts()).toEqual([
      { kind: 'owner', subject: './data', value: 'folder 0:0 700, files 501:501' },
    ]);
  });
});
