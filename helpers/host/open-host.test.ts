import { afterEach, expect, test, vi } from 'vitest';
import { openHost } from './open-host.ts';

afterEach(() => vi.unstubAllGlobals());

test('nothing is opened where the programs of this machine would not run in a container', async () => {
  vi.stubGlobal(
    'process',
    new Proxy(process, { get: (it, key) => (key === 'platform' ? 'darwin' : Reflect.get(it, key)) }),
  );
  const notes: unknown[] = [];
  const opening = openHost({ home: '/nowhere', run: { id: 'run', note: (item) => notes.push(item) } });
  await expect(opening).rejects.toMatchObject({ code: 'NOT_LINUX' });
  expect(notes).toEqual([]);
});
