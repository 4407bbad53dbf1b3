import { expect, test } from 'vitest';
import { timelineOf } from './timeline.ts';

test('each stage lasts until the next one begins, and the first begins at 0', () => {
  expect(
    timelineOf(
      [
        ['write', 1000],
        ['inject', 1100.4],
        ['ready', 1300],
        ['read', 1900],
        ['judge', 1950],
      ],
      2000,
    ),
  ).toEqual([
    { stage: 'write', beganMs: 0, endedMs: 100 },
    { stage: 'inject', beganMs: 100, endedMs: 300 },
    { stage: 'ready', beganMs: 300, endedMs: 900 },
    { stage: 'read', beganMs: 900, endedMs: 950 },
    { stage: 'judge', beganMs: 950, endedMs: 1000 },
  ]);
});

test('a boot that did not happen and a stage that was not reached are left out', () => {
  expect(
    timelineOf(
      [
        ['inject', 0],
        ['boot', 10],
        ['ready', 10],
        ['read', 20],
        ['judge', null],
      ],
      50,
    ),
  ).toEqual([
    { stage: 'inject', beganMs: 0, endedMs: 10 },
    { stage: 'ready', beganMs: 10, endedMs: 20 },
    { stage: 'read', beganMs: 20, endedMs: 50 },
  ]);
});
