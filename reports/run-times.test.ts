import { expect, test } from 'vitest';
import { timeLines } from './run-times.ts';

test('a line for each project, the longest files first, five at most', () => {
  const guide = [1, 9, 3, 7, 5, 2].map((s) => ({ project: 'guide', file: `g${s}.spec.ts`, durationMs: s * 1000 }));
  expect(timeLines([{ project: 'unit', file: 'a.test.ts', durationMs: 1499 }, ...guide])).toEqual([
    'unit: 1 s in files, of it a.test.ts 1 s',
    'guide: 27 s in files, of it g9.spec.ts 9 s, g7.spec.ts 7 s, g5.spec.ts 5 s, g3.spec.ts 3 s, g2.spec.ts 2 s',
  ]);
});
