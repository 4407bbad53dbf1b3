import { expect, test } from 'vitest';
import { REASONS } from '../helpers/verdict/model.ts';
import { ADVICE } from './advice.ts';
import { makeReport } from './report.ts';
import { deadCell, goodCell, lostCell, sampleReport, unknownCell } from './sample.ts';
import { badCells, gateLine, labelOf, nextStep, sentenceOf } from './summary.ts';

const idle = { ...unknownCell, status: 'not-run' as const, reason: 'needs-host' as const };
const absent = { ...unknownCell, status: 'not-applicable' as const, ok: true };

test('every reason has advice', () => {
  expect(Object.keys(ADVICE)).toEqual(Object.keys(REASONS));
});

test.for([
  [[goodCell, absent], 'The data outlasts what was tried: 1 of 1 cells are as they should be.', null],
  [[goodCell, lostCell], 'The stack loses data: 1 of 2 cells are not as they should be.', 'rows-missing'],
  [
    [deadCell, idle],
    'A service did not come back or cannot write: 2 of 2 cells are not as they should be.',
    'needs-host',
  ],
  [[unknownCell], 'Inconclusive: 1 of 1 cells could not be shown to be as they should.', 'host-died'],
] as const)('%#: sentence and next step', ([cells, sentence, reason]) => {
  const report = sampleReport([...cells]);
  expect(sentenceOf(report)).toBe(sentence);
  expect(nextStep(report)).toBe(reason === null ? null : ADVICE[reason]);
});

test('without cells nothing was tried', () => {
  expect(sentenceOf(sampleReport([]))).toBe('Inconclusive: nothing was tried.');
  expect(nextStep(sampleReport([]))).toBe('Run it again with something to try.');
});

test('bad cells come worst first, without what does not apply or was accepted', () => {
  const report = sampleReport([deadCell, absent, goodCell, { ...lostCell, acceptedBy: 'x' }, unknownCell, lostCell]);
  expect(badCells(report)).toEqual([lostCell, unknownCell, deadCell]);
});

test('a cell in the matrix', () => {
  const labels = [goodCell, lostCell, unknownCell, idle, absent, { ...lostCell, acceptedBy: 'x' }, undefined].map(
    labelOf,
  );
  expect(labels).toEqual(['✓ survived', '✗ lost', '? unknown', '? not run', '·', '~ lost', '']);
});

test('the gate in a line, however many reasons there are', () => {
  const reasons = ['a: lost', 'b\n: lost', 'c: lost', 'd: lost', 'e'].map(
    (each) => ({ code: 'not-survived', text: each }) as const,
  );
  const accepted = [{ what: 'f', reason: 'never mind', until: '2020-03-20' }];
  expect(gateLine({ decision: 'refused', reasons, accepted })).toBe(
    'Refused: a: lost; b : lost; c: lost; and 2 more. Accepted: f (never mind, until 2020-03-20).',
  );
  expect(gateLine({ decision: 'allowed', reasons: [], accepted: [] })).toBe('Allowed.');
});

test('the verdict of a report is that of its cells', () => {
  const { schema: _, verdict: __, ...parts } = sampleReport([lostCell]);
  expect(makeReport(parts).verdict).toBe('loses');
});
