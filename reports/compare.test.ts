import { expect, test } from 'vitest';
import { compare } from './compare.ts';
import type { ReportCell, ReportFinding } from './model.ts';
import { changeLine } from './summary.ts';
import { deadCell, fullReport, goodCell, lostCell, sampleReport, unknownCell } from './sample.ts';

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
  ['good, and a service down besides', [goodCell], [{ ...goodCell, ok: false, outages: ['tunnel'] }], 'worse'],
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
    newFindings: [],
    goneFindings: [],
  });
  expect(compare(sampleReport([]), sampleReport([goodCell])).other).toEqual([
    { disruption: 'restart', store: 'notes', before: null, after: 'survived' },
  ]);
});

test('says which service is down besides', () => {
  const out: ReportCell = { ...goodCell, ok: false, outages: ['tunnel'] };
  const { worse = [] } = compare(sampleReport([goodCell]), sampleReport([out]));
  expect(worse.map(changeLine)).toEqual(['notes after restart: survived → survived (down: tunnel)']);
});

const [finding] = fullReport().findings;
if (finding === undefined) throw new Error('The sample has a finding.');
const other: ReportFinding = { ...finding, fingerprint: 'f2', title: 'another' };
const refuted: ReportFinding = { ...other, rule: 'prediction-refuted' };
const { rule, severity, service, file, line, title } = finding;

test.for([
  ['the same', [finding], [finding], [], []],
  ['new', [finding], [other, finding], ['another'], []],
  ['gone', [finding, other], [other], [], [title]],
  ['the same in another line', [finding], [{ ...finding, line: 99 }], [], []],
  ['the same twice, and once', [finding, { ...finding, line: 99 }], [finding], [], [title]],
  ['graver', [{ ...finding, severity: 'info' }], [finding], [title], [title]],
  ['a prediction that nobody has tried again', [refuted], [], [], []],
  ['a prediction that is refuted now', [], [refuted], [], []],
] as const)('findings: %s', ([, before, after, added, gone]) => {
  const { newFindings, goneFindings } = compare(
    sampleReport([], { findings: before }),
    sampleReport([], { findings: after }),
  );
  expect([newFindings, goneFindings].map((list) => list?.map((each) => each.title))).toEqual([added, gone]);
});

test('a finding is told with its place', () => {
  expect(compare(sampleReport([]), sampleReport([], { findings: [finding] })).newFindings).toEqual([
    { rule, severity, service, file, line, title },
  ]);
});
