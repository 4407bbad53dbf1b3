import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { dir } from 'tmp-promise';
import { expect, test } from 'vitest';
import { tryLock, tryShare, withLock } from './lock.ts';

test('a lock excludes, within a process too, until it is released', async () => {
  const { path: folder, cleanup } = await dir({ unsafeCleanup: true });
  const file = path.join(folder, 'lock');
  const lock = tryLock(file);
  expect(lock).not.toBeNull();
  expect(tryLock(file)).toBeNull();
  lock?.release();
  const again = tryLock(file);
  expect(again).not.toBeNull();
  again?.release();
  await cleanup();
});

test('a lock has one holder alone, or any number of them in parts', async () => {
  const { path: folder, cleanup } = await dir({ unsafeCleanup: true });
  const file = path.join(folder, 'lock');
  const parts = [tryShare(file), tryShare(file)];
  expect(parts).not.toContain(null);
  for (const part of parts) {
    expect(tryLock(file)).toBeNull();
    part?.release();
  }
  const alone = tryLock(file);
  expect(alone).not.toBeNull();
  expect(tryShare(file)).toBeNull();
  alone?.release();
  await cleanup();
});

test('the kernel drops the lock of a process that is killed', async () => {
  const { path: folder, cleanup } = await dir({ unsafeCleanup: true });
  const file = path.join(folder, 'lock');
  const module = path.join(import.meta.dirname, 'lock.ts');
  const program = `import { tryLock } from ${JSON.stringify(module)};
    globalThis.lock = tryLock(${JSON.stringify(file)});
    process.stdout.write('held');
    setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  expect(tryLock(file)).toBeNull();
  const waiting = withLock(file, async () => 'mine');
  holder.kill('SIGKILL');
  await expect(waiting).resolves.toBe('mine');
  await cleanup();
});
