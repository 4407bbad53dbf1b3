import { existsSync } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { homeKey } from '../home.ts';
import { makeRunFolder } from './run-folder.ts';

test('a run folder is on record before it is there, for its owner alone, and tells its home', async () => {
  const records: [string, boolean][] = [];
  const folder = await makeRunFolder('/home/of/it', (made) => records.push([made, existsSync(made)]));
  expect(records).toEqual([[folder, false]]);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  expect(path.basename(folder)).toContain(`outlast-${homeKey('/home/of/it')}-`);
  await rm(folder, { recursive: true });
});
