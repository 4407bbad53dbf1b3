import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { dir } from 'tmp-promise';
import { expect, test } from 'vitest';
import { identify } from '../host/process-identity.ts';
import { tryLock } from '../host/lock.ts';
import { appendToJournal, readJournal } from './journal.ts';
import { livingRuns, openRun } from './run.ts';
import { sweep } from './sweep.ts';

const exists = (file: string) =>
  access(file).then(
    () => true,
    () => false,
  );

test('a journal is read up to its torn end', async () => {
  const { path: folder, cleanup } = await dir({ unsafeCleanup: true });
  const file = path.join(folder, 'journal.jsonl');
  appendToJournal(file, { kind: 'volume', name: 'abc' });
  await writeFile(file, '{"kind":"fold', { flag: 'a' });
  expect(await readJournal(file)).toEqual([{ kind: 'volume', name: 'abc' }]);
  await cleanup();
});

test('a dead run is swept with its folder and process; a living one and strangers are left alone', async () => {
  const { path: home, cleanup } = await dir({ unsafeCleanup: true });
  await using alive = await openRun(home, 'alive');
  const [left, bystander] = [spawn('sleep', ['1000']), spawn('sleep', ['1000'])];
  const ended = once(left, 'exit');
  await Promise.all([left, bystander].map((child) => once(child, 'spawn')));

  const dead = path.join(home, 'runs/dead');
  const folder = path.join(home, 'elsewhere');
  await Promise.all([dead, folder].map((one) => mkdir(one, { recursive: true })));
  const journal = path.join(dead, 'journal.jsonl');
  const identity = await identify(left.pid ?? 0);
  appendToJournal(journal, { kind: 'folder', path: folder });
  appendToJournal(journal, { kind: 'process', pid: left.pid ?? 0, startTime: identity?.startTime ?? '', mark: '1000' });
  // The number was given to another process since.
  appendToJournal(journal, { kind: 'process', pid: bystander.pid ?? 0, startTime: '1', mark: '1000' });

  expect(await livingRuns(home)).toEqual(['alive']);
  const { removed, kept } = await sweep(home);
  expect(removed).toEqual([`folder ${folder}`, `process ${left.pid}`, 'run dead']);
  expect(kept).toEqual([]);
  await ended;
  expect(await exists(folder)).toBe(false);
  expect(await exists(alive.folder)).toBe(true);
  expect(bystander.exitCode).toBeNull();
  expect(await sweep(home)).toEqual({ removed: [], kept: [] });
  bystander.kill();
  await alive[Symbol.asyncDispose]();
  await cleanup();
});

test('what was never put in its place is swept, unless somebody is at work there', async () => {
  const { path: home, cleanup } = await dir({ unsafeCleanup: true });
  await using alive = await openRun(home, 'alive');
  const left = ['runs/.new-dead', 'base/tmp-1-a', 'toolbox/.unfinished-a', 'projects/dead', 'projects/alive'];
  for (const folder of left) await mkdir(path.join(home, folder, 'sub'), { recursive: true });
  for (const file of ['base/new.tar', 'base/0123456789abcdef-0.tar', 'base/of-somebody'])
    await writeFile(path.join(home, file), '');
  const locks = ['runs/.lock', 'base/lock', 'toolbox/lock'].map((file) => tryLock(path.join(home, file)));
  expect(await sweep(home)).toEqual({ removed: ['project dead'], kept: [] });
  for (const lock of locks) lock?.release();
  expect(await sweep(home)).toEqual({
    removed: ['runs/.new-dead', 'base/new.tar', 'base/tmp-1-a', 'toolbox/.unfinished-a'],
    kept: [],
  });
  expect(await readdir(path.join(home, 'base'))).toEqual(['0123456789abcdef-0.tar', 'lock', 'of-somebody']);
  expect(await readdir(path.join(home, 'projects'))).toEqual(['alive']);
  await alive[Symbol.asyncDispose]();
  await cleanup();
});

test('a run stays until the engine that it worked on answers', async () => {
  const { path: home, cleanup } = await dir({ unsafeCleanup: true });
  const dead = path.join(home, 'runs/dead');
  await mkdir(dead, { recursive: true });
  const endpoint = `unix://${home}/nobody.sock`;
  // It came to the same one twice: it is asked once.
  for (let times = 0; times < 2; times++)
    appendToJournal(path.join(dead, 'journal.jsonl'), { kind: 'engine', endpoint });
  const kept = [`run dead: the engine at ${endpoint} does not answer`];
  expect(await sweep(home)).toEqual({ removed: [], kept });
  expect(await exists(dead)).toBe(true);
  await cleanup();
});

test('what cannot be removed is told, and keeps nothing else', async () => {
  const { path: home, cleanup } = await dir({ unsafeCleanup: true });
  const [stuck, dead] = [path.join(home, 'runs/a-stuck'), path.join(home, 'runs/dead')];
  for (const run of [stuck, dead]) await mkdir(run, { recursive: true });
  await mkdir(path.join(home, 'projects/dead-too'), { recursive: true });
  await writeFile(path.join(home, 'file'), '');
  // Below a file there is nothing, and nothing can be removed.
  appendToJournal(path.join(stuck, 'journal.jsonl'), { kind: 'folder', path: path.join(home, 'file/below') });
  expect(await sweep(home)).toEqual({
    removed: ['run dead', 'project dead-too'],
    kept: [expect.stringMatching(/^run a-stuck: .*ENOTDIR/)],
  });
  expect(await exists(stuck)).toBe(true);
  await cleanup();
});
