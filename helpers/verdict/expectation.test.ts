import { describe, expect, test } from 'vitest';
import { acceptable, exitCodeOf, type JudgedCell, verdictOf } from './expectation.ts';
import { OUTCOMES } from './model.ts';

const good: JudgedCell = {
  status: 'ran',
  outcome: 'survived',
  data: 'survived',
  service: 'up',
  expected: ['survived'],
  ok: true,
  acceptedBy: null,
};
const lost: JudgedCell = { ...good, outcome: 'lost', data: 'lost', ok: false };
const dead: JudgedCell = { ...good, outcome: 'unavailable', service: 'unavailable', ok: false };
const unknown: JudgedCell = { ...good, outcome: 'unknown', data: 'unknown', ok: false };
const notRun: JudgedCell = { ...unknown, status: 'not-run', service: 'unknown' };
const notApplicable: JudgedCell = { ...notRun, status: 'not-applicable' };

describe('acceptable', () => {
  test('is what was expected', () => {
    expect(acceptable('lost', ['lost', 'hidden'])).toBe(true);
    expect(acceptable('survived', ['lost', 'hidden'])).toBe(false);
  });

  test('unknown is never a pass, even if expected', () => {
    expect(acceptable('unknown', [...OUTCOMES])).toBe(false);
  });
});

describe('verdictOf', () => {
  test.for([
    ['outlasts', 'all good', [good, good]],
    ['outlasts', 'a cell that does not apply', [good, notApplicable]],
    ['outlasts', 'a loss that was expected', [{ ...lost, expected: ['lost'], ok: true }]],
    ['outlasts', 'a loss that somebody accepted', [{ ...lost, acceptedBy: 'baseline' }, good]],
    ['loses', 'a loss beside everything else', [unknown, dead, lost, good]],
    ['loses', 'hidden data', [{ ...good, outcome: 'hidden', data: 'hidden', ok: false }]],
    ['fails', 'a dead service beside an unknown', [unknown, dead, good]],
    ['fails', 'a dead service whose data could not be read', [{ ...unknown, service: 'unavailable' }]],
    [
      'inconclusive',
      'a dead service that was expected',
      [{ ...unknown, service: 'unavailable', expected: ['unavailable'] }],
    ],
    ['inconclusive', 'an unknown', [good, unknown]],
    ['inconclusive', 'a cell that did not run', [good, notRun]],
    ['inconclusive', 'a survival that should have been a loss', [{ ...good, expected: ['lost'], ok: false }]],
    ['inconclusive', 'nothing that applies', [notApplicable]],
    ['inconclusive', 'nothing at all', []],
  ] as const)('%s: %s', ([verdict, , cells]) => {
    expect(verdictOf(cells)).toBe(verdict);
  });
});

test('exitCodeOf follows the table of exit codes', () => {
  expect((['outlasts', 'loses', 'fails', 'inconclusive'] as const).map(exitCodeOf)).toEqual([0, 1, 1, 3]);
});
