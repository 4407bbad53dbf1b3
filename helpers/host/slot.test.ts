import { dir } from 'tmp-promise';
import { expect, test } from 'vitest';
import { acquireSlot, tryAcquire } from './slot.ts';

test('a slot goes to one holder, and first to the engine that made its world', async () => {
  const { path: home, cleanup } = await dir({ unsafeCleanup: true });
  const first = await acquireSlot(home, '28.5.2');
  const second = await acquireSlot(home, '28.5.2');
  expect([first.number, second.number]).toEqual([0, 1]);
  expect(tryAcquire(home, 0)).toBeNull();
  first.lock.release();
  const older = await acquireSlot(home, '20.10.24');
  expect(older.number).toBe(2);
  const again = await acquireSlot(home, '28.5.2');
  expect(again.number).toBe(0);
  for (const { lock } of [second, older, again]) lock.release();
  await cleanup();
});
