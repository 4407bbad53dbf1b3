import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import { tryLock, tryShare, withLock, type Lock } from '../host/lock.ts';

/**
 * Names of what is not in its place yet. It is made under the lock of the folder that it lies in: whoever holds that
 * lock finds nothing but what the dead have left.
 */
const UNFINISHED = /^(\.unfinished-|\.new-|tmp-\d+-|new\.tar$)/;

/** Removes what was left unfinished in a folder, unless somebody is at work there. @returns its names */
export async function sweepUnfinished(folder: string, lockName: string): Promise<string[]> {
  return whileNobodyWorks(folder, lockName, async (names) => {
    const left = names.filter((name) => UNFINISHED.test(name));
    for (const name of left) await rm(path.join(folder, name), { recursive: true, force: true });
    return left;
  });
}

/** An entry of a cache that somebody uses, and that stays meanwhile. */
export interface Entry extends Disposable {
  readonly folder: string;
}

/**
 * Takes an entry of a cache into use; one that is not there yet is made.
 * @param key sixteen hexadecimal digits that tell its content
 * @param make makes the content in the folder given
 */
export async function useEntry(
  cache: string,
  key: string,
  make: (folder: string) => Promise<void>,
  signal?: AbortSignal,
): Promise<Entry> {
  const folder = path.join(cache, key);
  await mkdir(cache, { recursive: true });
  const take = async (): Promise<Lock> => {
    const lock = tryShare(`${folder}.lock`);
    // A sweep holds it alone, but not without the lock of the cache.
    if (!lock) throw new Error(`${folder} is locked.`);
    try {
      if (!(await isThere(folder))) await fill(cache, folder, make);
      const now = new Date();
      await utimes(`${folder}.lock`, now, now);
      return lock;
    } catch (error) {
      lock.release();
      throw error;
    }
  };
  const lock = await withLock(path.join(cache, LOCK), take, signal);
  return { folder, [Symbol.dispose]: () => lock.release() };
}

async function fill(cache: string, folder: string, make: (folder: string) => Promise<void>): Promise<void> {
  const unfinished = path.join(cache, `.unfinished-${path.basename(folder)}`);
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished);
  try {
    await make(unfinished);
    await rename(unfinished, folder);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw error;
  }
}

/**
 * Removes the entries of a cache that nobody uses but those that were used last, and what was left unfinished.
 * @param kept how many stay
 * @returns names of what was removed
 */
export async function sweepCache(cache: string, kept: number): Promise<string[]> {
  const unfinished = await sweepUnfinished(cache, LOCK);
  const old = await whileNobodyWorks(cache, LOCK, async (names) => {
    const keys = [...new Set(names.map((name) => path.basename(name, '.lock')))].filter((key) => KEY.test(key));
    const used = await Promise.all(keys.map(async (key) => ({ key, at: await lastUse(cache, key) })));
    const removed: string[] = [];
    for (const { key } of used.toSorted((a, b) => b.at - a.at).slice(kept))
      if (await removeEntry(cache, key)) removed.push(key);
    return removed;
  });
  return [...unfinished, ...old];
}

/** Unless somebody uses it. */
async function removeEntry(cache: string, key: string): Promise<boolean> {
  const folder = path.join(cache, key);
  // Its maker is a version that takes no locks: a run of it may be at work.
  const isOther = !(await isThere(`${folder}.lock`));
  if (isOther && Date.now() - (await lastUse(cache, key)) < DAY_MS) return false;
  const lock = tryLock(`${folder}.lock`);
  if (!lock) return false;
  try {
    // Whoever is killed over it leaves no entry that is half there.
    const doomed = path.join(cache, `.unfinished-${key}`);
    await rename(folder, doomed).catch(unlessAbsent);
    await rm(doomed, { recursive: true, force: true });
    await rm(`${folder}.lock`, { force: true });
    return true;
  } finally {
    lock.release();
  }
}

const DAY_MS = 24 * 60 * 60_000;
const LOCK = 'lock';
const KEY = /^[0-9a-f]{16}$/;

/** When it was taken into use last, in milliseconds of the epoch. */
async function lastUse(cache: string, key: string): Promise<number> {
  const folder = path.join(cache, key);
  const found = await stat(`${folder}.lock`).catch(async () => stat(folder));
  return found.mtimeMs;
}

/** Does something with what lies in a folder while its lock is held; nothing where somebody else holds it. */
async function whileNobodyWorks(
  folder: string,
  lockName: string,
  action: (names: string[]) => Promise<string[]>,
): Promise<string[]> {
  if (!(await isThere(folder))) return [];
  const lock = tryLock(path.join(folder, lockName));
  if (!lock) return [];
  try {
    return await action(await readdir(folder));
  } finally {
    lock.release();
  }
}

async function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

function unlessAbsent(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
