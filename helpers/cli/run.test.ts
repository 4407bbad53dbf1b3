import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { DISRUPTIONS } from '../disruptions/catalogue.ts';
import { chosen } from './run.ts';

const ids = (options: Parameters<typeof chosen>[0]): string[] => chosen(options).map(({ id }) => id);
const all = DISRUPTIONS.map(({ id }) => id);

test('by default nine run, by name those that are named, and strictly all', () => {
  expect(ids({})).toHaveLength(9);
  expect(ids({})).not.toContain('move-project');
  expect(ids({ only: ['prune', 'restart'] })).toEqual(['restart', 'prune']);
  expect(ids({ strict: true })).toEqual(all);
});

test('what is to be skipped is left out of each', () => {
  expect(ids({ strict: true, skip: ['crash'] })).toEqual(all.filter((id) => id !== 'crash'));
  expect(ids({ skip: ['crash'] })).toHaveLength(8);
  expect(() => chosen({ only: ['crash'], skip: ['crash'] })).toThrow('leave nothing to do');
  expect(() => chosen({ strict: true, skip: ['crush'] })).toThrow('"crush" is none of');
});

test('quiet and verbose exclude each other', async () => {
  const launcher = fileURLToPath(new URL('launcher.js', import.meta.url));
  const { exitCode, stdout, stderr } = await execa(process.execPath, [launcher, 'run', '--quiet', '--verbose'], {
    reject: false,
    env: { NO_COLOR: '1' },
  });
  expect([exitCode, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^USAGE {2}option '-q, --quiet' cannot be used with option '-v, --verbose'/);
});
