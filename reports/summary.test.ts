import { describe, expect, test } from 'vitest';
import { REASONS } from '../helpers/verdict/model.ts';
import { ADVICE } from './advice.ts';
import { renderBadge } from './badge.ts';
import { renderHtml } from './html/page.ts';
import { renderJunit } from './junit.ts';
import { renderMarkdown } from './markdown.ts';
import type { ReportCell, ReportFinding } from './model.ts';
import { makeReport } from './report.ts';
import { deadCell, fullReport, goodCell, lostCell, sampleReport, unknownCell } from './sample.ts';
import { badCells, gateLine, labelOf, nextStep, sentenceOf, untriedLines, whyOf } from './summary.ts';
import { renderTerminal } from './terminal.ts';

const idle = { ...unknownCell, status: 'not-run' as const, reason: 'interrupted' as const };
const absent = { ...unknownCell, status: 'not-applicable' as const, ok: true, reason: 'needs-build' as const };
const untried = { ...absent, reason: 'needs-host' as const };
const out = { ...goodCell, ok: false, reason: 'other-service-down' as const, outages: ['worker'] };
const suspect = { ...goodCell, ok: false, expected: ['lost' as const] };

test('every reason has advice', () => {
  expect(Object.keys(ADVICE)).toEqual(Object.keys(REASONS));
});

const RESTORE = 'Let Outlast show that the backup restores: `outlast run --only restore`.';

test.for([
  [[goodCell, absent], 'The data outlasts what was tried: 1 of 1 checks passed.', 'restore'],
  [[goodCell, untried], 'The data outlasts what was tried: 1 of 1 checks passed, 1 not tried.', 'needs-host'],
  [
    [goodCell, { ...unknownCell, service: 'unavailable' as const, reason: 'not-running' as const }],
    'A service did not come back or cannot write: 1 of 2 checks failed.',
    'not-running',
  ],
  [[goodCell, lostCell], 'The stack loses data: 1 of 2 checks failed.', 'rows-missing'],
  [
    [lostCell, unknownCell, suspect, idle, untried],
    'The stack loses data: 1 of 3 checks failed, 2 unknown, 2 not tried.',
    'rows-missing',
  ],
  [[deadCell, idle], 'A service did not come back or cannot write: 1 of 1 checks failed, 1 not tried.', 'interrupted'],
  [
    [deadCell, unknownCell],
    'A service did not come back or cannot write: 1 of 2 checks failed, 1 unknown.',
    'host-died',
  ],
  [[out], 'A service did not come back or cannot write: 1 of 1 checks failed.', 'other-service-down'],
  [[unknownCell], 'Inconclusive: 1 of 1 checks could not be decided.', 'host-died'],
  [[goodCell, idle], 'Inconclusive: 1 of 1 checks passed, 1 not tried.', 'interrupted'],
  [[idle], 'Inconclusive: nothing was tried, of 1 check.', 'interrupted'],
  [[untried, absent], 'Inconclusive: nothing was tried, of 1 check.', 'needs-host'],
] as const)('%#: sentence and next step', ([cells, sentence, reason]) => {
  const report = sampleReport([...cells]);
  expect(sentenceOf(report)).toBe(sentence);
  expect(nextStep(report)).toBe(reason === 'restore' ? RESTORE : ADVICE[reason]);
});

test('the next step for a service that is down besides is where the files say why', () => {
  const [finding] = fullReport().findings;
  const found = { ...finding, rule: 'no-restart-policy', service: 'worker', file: 'compose.yaml', line: 7, path: null };
  const report = { ...sampleReport([out]), findings: [{ ...found, fix: 'Say restart.' } as ReportFinding] };
  expect(nextStep(report)).toBe('compose.yaml:7: Say restart.');
});

test('a run that did not end whole', () => {
  const report = { ...sampleReport([goodCell]), verdict: 'inconclusive' as const };
  expect(sentenceOf(report)).toBe('Inconclusive: the run did not end whole; 1 of 1 checks passed.');
});

describe('what this host could not try', () => {
  const cells = [goodCell, untried, { ...untried, disruption: 'reboot' }, { ...absent, disruption: 'rebuild' }];
  const report = sampleReport([...cells, { ...untried, reason: 'no-backup' as const, disruption: 'restore' }]);
  const why = `Not tried here. ${REASONS['needs-host']} ${ADVICE['needs-host']}`;

  test('is told with what would try it, once for each reason', () => {
    expect(untriedLines(report)).toEqual([
      `crash, reboot: ${why}`,
      `restore: Not tried here. ${REASONS['no-backup']} ${ADVICE['no-backup']}`,
    ]);
    expect(whyOf(untried, report)).toBe(why);
  });

  test.for([
    ['the page', renderHtml],
    ['Markdown', renderMarkdown],
    ['JUnit', renderJunit],
    ['the terminal', renderTerminal],
  ] as const)('in %s', ([, render]) => {
    const text = render(report);
    const plain = text
      .replaceAll(/<[^>]+message="|<(?!skipped)[^>]*>/g, '')
      .replaceAll('`', '')
      .replaceAll(/\s+/g, ' ');
    expect(plain).toContain(`Not tried here. ${REASONS['needs-host']}`);
    expect(plain).toContain(ADVICE['needs-host']);
  });

  test('in the badge', () => {
    expect(renderBadge(report)).toContain('outlast: data outlasts, 3 not tried');
  });
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
    untried,
    suspect,
    { ...lostCell, acceptedBy: 'x' },
    undefined,
  ].map(labelOf);
  expect(labels).toEqual([
    '✓ survived',
    '! survived',
    '✗ lost',
    '? unknown',
    '? not run',
    '· n/a',
    '– not tried',
    '? survived',
    '~ lost',
    '',
  ]);
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
