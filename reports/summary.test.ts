import { describe, expect, test } from 'vitest';
import { REASONS } from '../helpers/verdict/model.ts';
import { ADVICE } from './advice.ts';
import type { ReportCell, ReportFinding } from './model.ts';
import { makeReport } from './report.ts';
import { deadCell, goodCell, lostCell, sampleReport, unknownCell } from './sample.ts';
import { badCells, gateLine, labelOf, nextStep, sentenceOf } from './summary.ts';

const idle = { ...unknownCell, status: 'not-run' as const, reason: 'needs-host' as const };
const absent = { ...unknownCell, status: 'not-applicable' as const, ok: true };

test('every reason has advice', () => {
  expect(Object.keys(ADVICE)).toEqual(Object.keys(REASONS));
});

const RESTORE = 'Let Outlast show that the backup restores: `outlast run --only restore`.';

test.for([
  [[goodCell, absent], 'The data outlasts what was tried: 1 of 1 checks passed.', 'restore'],
  [[goodCell, lostCell], 'The stack loses data: 1 of 2 checks failed.', 'rows-missing'],
  [[deadCell, idle], 'A service did not come back or cannot write: 2 of 2 checks failed.', 'needs-host'],
  [[unknownCell], 'Inconclusive: 1 of 1 checks could not be decided.', 'host-died'],
] as const)('%#: sentence and next step', ([cells, sentence, reason]) => {
  const report = sampleReport([...cells]);
  expect(sentenceOf(report)).toBe(sentence);
  expect(nextStep(report)).toBe(reason === 'restore' ? RESTORE : ADVICE[reason]);
});

test('what was accepted is told from what has passed', () => {
  const report = sampleReport([goodCell, { ...lostCell, acceptedBy: 'the owner' }]);
  expect(sentenceOf(report)).toBe('The data outlasts what was tried: 1 of 2 checks passed, 1 accepted.');
});

describe('what to do next', () => {
  const finding = {
    rule: 'container-layer-data',
    hazard: '1',
    severity: 'error',
    service: 'app',
    file: 'compose.yaml',
    line: 4,
    path: '/data',
    title: 'app keeps its data in /data, where nothing is mounted.',
    why: 'It is gone with the next container.',
    fix: 'Mount a named volume at the path.',
    fingerprint: 'f',
  } as const;
  const withFinding = (cell: ReportCell, changed: Partial<ReportFinding> = {}) =>
    nextStep(sampleReport([cell], { findings: [{ ...finding, ...changed }] }));
  const fix = 'compose.yaml:4, /data: Mount a named volume at the path.';

  test('a loss that the files explain: their line', () => {
    expect(withFinding(lostCell)).toBe(fix);
  });

  test.for([
    ['is of another service', { service: 'db' }],
    ['is of another folder', { path: '/data/notes' }],
    ['is a warning', { severity: 'warning' }],
  ] as const)('a loss, where what was found %s: what goes with its reason', ([, changed]) => {
    expect(withFinding(lostCell, changed)).toBe(ADVICE['rows-missing']);
  });

  test('a service that stayed down over intact data is not explained by where its data lies', () => {
    expect(withFinding(deadCell)).toBe(ADVICE['not-running']);
  });

  test('all passed: borrowed time first, then an error in the files, then the backup, then nothing', () => {
    expect(withFinding({ ...goodCell, reason: 'borrowed-time' })).toBe(ADVICE['borrowed-time']);
    expect(withFinding(goodCell)).toBe(fix);
    expect(withFinding(goodCell, { severity: 'info' })).toBe(RESTORE);
    expect(withFinding({ ...goodCell, disruption: 'restore' }, { severity: 'info' })).toBeNull();
  });
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
  const lucky = { ...goodCell, reason: 'borrowed-time' as const };
  const labels = [
    goodCell,
    lucky,
    lostCell,
    unknownCell,
    idle,
    absent,
    { ...lostCell, acceptedBy: 'x' },
    undefined,
  ].map(labelOf);
  expect(labels).toEqual(['✓ survived', '! survived', '✗ lost', '? unknown', '? not run', '·', '~ lost', '']);
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
