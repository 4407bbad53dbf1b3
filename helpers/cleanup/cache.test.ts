import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { dir } from 'tmp-promise';
import { expect, test as base } from 'vitest';
import { sweepCache, useEntry } from './cache.ts';

const test = base.extend('cache', async ({}, { onCleanup }) => {
  const made = await dir({ unsafeCleanup: true });
  onCleanup(async () => made.cleanup());
  return path.join(made.path, 'cache');
});

const keyOf = (number: number): string => String(number).padStart(16, '0');

const write = async (folder: string): Promise<void> => writeFile(path.join(folder, 'file'), 'content');

/** As it was some minutes ago. */
async function age(file: string, minutes: number): Promise<void> {
  const then = new Date(Date.now() - minutes * 60_000);
  await utimes(file, then, then);
}

const entriesIn = async (cache: string): Promise<string[]> =>
  (await readdir(cache)).filter((name) => name !== 'lock' && !name.endsWith('.lock'));

test('an entry is made once, whole, by whoever comes first', async ({ cache }) => {
  let made = 0;
  const make = async (folder: string): Promise<void> => {
    made++;
    await write(folder);
  };
  const entries = await Promise.all([1, 2, 3].map(async () => useEntry(cache, keyOf(1), make)));
  expect(made).toBe(1);
  expect(new Set(entries.map(({ folder }) => folder))).toEqual(new Set([path.join(cache, keyOf(1))]));
  const failing = useEntry(cache, keyOf(2), async () => Promise.reject(new Error('no luck')));
  await expect(failing).rejects.toThrow('no luck');
  expect(await entriesIn(cache)).toEqual([keyOf(1)]);
  for (const entry of entries) entry[Symbol.dispose]();
});

test('of a hundred entries those stay that are in use, and those that were used last', async ({ cache }) => {
  const inUse = [5, 50];
  const held = [];
  for (let number = 1; number <= 100; number++) {
    const entry = await useEntry(cache, keyOf(number), write);
    await age(path.join(cache, `${keyOf(number)}.lock`), number);
    if (inUse.includes(number)) held.push(entry);
    else entry[Symbol.dispose]();
  }
  // Used again since.
  (await useEntry(cache, keyOf(90), write))[Symbol.dispose]();

  expect(await sweepCache(cache, 3)).toHaveLength(95);
  expect(await entriesIn(cache)).toEqual([1, 2, 5, 50, 90].map(keyOf));
  expect(await readdir(path.join(cache, keyOf(50)))).toEqual(['file']);
  expect(await sweepCache(cache, 3)).toEqual([]);
  for (const entry of held) entry[Symbol.dispose]();
  expect(await sweepCache(cache, 3)).toEqual([keyOf(5), keyOf(50)]);
  // Locks go with what they were of.
  expect(await readdir(cache)).toHaveLength(7);
});

test('an entry that takes no locks stays for a day', async ({ cache }) => {
  for (const number of [1, 2]) await mkdir(path.join(cache, keyOf(number)), { recursive: true });
  await mkdir(path.join(cache, 'of-somebody'));
  await age(path.join(cache, keyOf(2)), 25 * 60);
  expect(await sweepCache(cache, 0)).toEqual([keyOf(2)]);
  expect(await entriesIn(cache)).toEqual([keyOf(1), 'of-somebody']);
});

test('a cache that is not there needs no sweep', async ({ cache }) => {
  expect(await sweepCache(cache, 3)).toEqual([]);
});
