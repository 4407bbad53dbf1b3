import { expect, test } from 'vitest';
import { compare } from './compare.ts';
import type { ReportCell } from './model.ts';
import { deadCell, goodCell, lostCell, sampleReport, unknownCell } from './sample.ts';

const required: ReportCell = { ...lostCell, ok: true, expected: ['lost'] };
const absent: ReportCell = { ...unknownCell, status: 'not-applicable', ok: true };
const runOf = (...cells: readonly ReportCell[]) =>
  sampleReport(cells.map((cell) => ({ ...cell, disruption: 'kill', store: 'notes' })));

test.for([
  ['good and good', [goodCell], [goodCell], null],
  ['good and lost', [goodCell], [lostCell], 'worse'],
  ['lost and good', [lostCell], [goodCell], 'better'],
  ['down and lost', [deadCell], [lostCell], 'worse'],
  ['lost and unknown', [lostCell], [unknownCell], 'better'],
  ['good and unknown', [goodCell], [unknownCell], 'worse'],
  ['lost and lost', [lostCell], [lostCell], null],
  ['lost as it has to be, and lost', [required], [lostCell], 'worse'],
  ['lost as it has to be, and not lost any more', [required], [{ ...goodCell, ok: false }], 'worse'],
  ['good, and lost as it has to be', [goodCell], [required], 'other'],
  ['what is new', [], [lostCell], 'other'],
  ['what is gone', [lostCell], [], 'other'],
  ['what has no meaning any more', [lostCell], [absent], 'other'],
  ['neither of them', [absent], [absent], null],
  ['lost on one host of two', [goodCell, goodCell], [lostCell, goodCell], 'worse'],
] as const)('%s', ([, before, after, expected]) => {
  const { worse = [], better = [], other = [] } = compare(runOf(...before), runOf(...after));
  const lists = { worse, better, other };
  expect(Object.entries(lists).flatMap(([name, list]) => list.map(() => name))).toEqual(
    expected === null ? [] : [expected],
  );
});

test('says what it was and what it is, and which run it was', () => {
  expect(
    compare(sampleReport([goodCell], { runId: 'r0' }), sampleReport([{ ...lostCell, disruption: 'restart' }])),
  ).toEqual({
    runId: 'r0',
    startedAt: '2020-01-01T00:00:00.000Z',
    worse: [{ disruption: 'restart', store: 'notes', before: 'survived', after: 'lost' }],
    better: [],
    other: [],
  });
  expect(compare(sampleReport([]), sampleReport([goodCell])).other).toEqual([
    { disruption: 'restart', store: 'notes', before: null, after: 'survived' },
  ]);
});
