import { describe, expect, test } from 'vitest';
import { acceptable, acceptedBy, exitCodeOf, isAsExpected, type JudgedCell, verdictOf } from './expectation.ts';
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

describe('isAsExpected', () => {
  test.for([
    ['all good', good, ['survived'], true],
    ['a loss that has to be', lost, ['lost'], true],
    ['… whose service stays down', { ...lost, service: 'unavailable' }, ['lost'], false],
    ['… whose service nobody could look at', { ...lost, service: 'unknown' }, ['lost', 'unknown'], false],
    ['… beside another service that stays down', { ...lost, outages: ['tunnel'] }, ['lost'], false],
    ['a dead service that was expected', dead, ['unavailable'], true],
    ['a loss of what should be there', lost, ['survived'], false],
  ] as const)('%s', ([, { outcome, service, outages }, expected, isGood]) => {
    expect(isAsExpected({ outcome, service, outages, expected })).toBe(isGood);
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
    ['fails', 'a service without a store that is down', [good, { ...good, outages: ['tunnel'], ok: false }]],
    [
      'fails',
      'a service without a store that is down, beside a loss that was expected',
      [{ ...lost, expected: ['lost'], outages: ['tunnel'] }],
    ],
    [
      'fails',
      'a dead service after a loss that was expected',
      [{ ...lost, expected: ['lost'], service: 'unavailable' }],
    ],
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

describe('acceptedBy', () => {
  const CACHE = { store: 'cache', outcomes: ['lost', 'hidden'], reason: 'filled again' } as const;
  const BOTH = { ...CACHE, outcomes: ['lost', 'unavailable'], reason: 'slow' } as const;
  const asked = { ...CACHE, disruptions: ['recreate', 'down-up'] };

  test.for([
    ['a loss', 'filled again', lost, [CACHE]],
    ['a loss after a disruption that is named', 'filled again', lost, [asked]],
    ['what was expected anyway', null, { ...lost, expected: ['lost'], ok: true }, [CACHE]],
    ['a loss of another store', null, lost, [{ ...CACHE, store: 'rows' }]],
    ['a loss after another disruption', null, lost, [{ ...CACHE, disruptions: ['kill'] }]],
    ['another outcome', null, { ...lost, outcome: 'corrupt', data: 'corrupt' }, [CACHE]],
    ['a loss that took the service along', null, { ...lost, service: 'unavailable' }, [CACHE]],
    ['… of which both may be', 'slow', { ...lost, service: 'unavailable' }, [CACHE, BOTH]],
    [
      '… whose end is expected',
      'filled again',
      { ...lost, service: 'unavailable', expected: ['unavailable'] },
      [CACHE],
    ],
    ['a dead service', null, dead, [CACHE]],
    ['a loss beside a service without a store that is down', null, { ...lost, outages: ['tunnel'] }, [CACHE]],
    ['what nobody knows', null, unknown, [CACHE]],
    ['a loss beside what nobody knows', null, { ...lost, service: 'unknown' }, [CACHE]],
    ['what did not run', null, notRun, [CACHE]],
    ['what came through what it cannot', null, { ...good, expected: ['lost'], ok: false }, [CACHE]],
  ] as const)('%s: %s', ([, reason, cell, expectations]) => {
    expect(acceptedBy({ ...cell, store: 'cache', disruption: 'down-up' }, expectations)).toBe(reason);
  });
});

test('exitCodeOf follows the table of exit codes', () => {
  expect((['outlasts', 'loses', 'fails', 'inconclusive'] as const).map(exitCodeOf)).toEqual([0, 1, 1, 3]);
});
