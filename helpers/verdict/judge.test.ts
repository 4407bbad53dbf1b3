import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judge, worstOutcome } from './judge.ts';
import { makeMarker } from './marker.ts';
import {
  type Attempt,
  DATA_VERDICTS,
  type Judgement,
  type Observation,
  OUTCOMES,
  type ReadRow,
  SERVICE_VERDICTS,
  type WriteEnd,
} from './model.ts';

const attempt = (seq: number, end: WriteEnd = 'acknowledged'): Attempt => ({
  store: 'db',
  marker: makeMarker({ seed: 's', nonce: 'n', store: 'db', epoch: Math.trunc(seq / 4), seq }),
  end,
  attemptedAt: seq * 100,
  endedAt: end === 'indeterminate' ? null : seq * 100 + 10,
});

const row = ({ marker }: Attempt): ReadRow => ({ id: marker.id, payload: marker.payload });
const changed = (of: Attempt): ReadRow => ({ ...row(of), payload: 'changed' });
const foreign: ReadRow = { id: 'o-other-db-0-0', payload: 'foreign' };

const observe = (rows: readonly ReadRow[] | null, more: Partial<Observation> = {}): Observation => ({
  rows,
  readFailure: null,
  baseline: new Set(),
  sourceReplaced: false,
  integrity: null,
  service: 'up',
  serviceReason: null,
  proven: true,
  ...more,
});

const written = [0, 1, 2, 3].map((seq) => attempt(seq));
const all = written.map(row);

interface Case {
  readonly name: string;
  readonly attempts?: readonly Attempt[];
  readonly observation: Observation;
  readonly expected: Partial<Omit<Judgement, 'counts'>> & { readonly counts?: Partial<Judgement['counts']> };
}

const cases: Case[] = [
  {
    name: 'everything intact',
    observation: observe(all),
    expected: { data: 'survived', outcome: 'survived', reason: null, firstLost: [], rpoMs: 0 },
  },
  {
    name: 'the last rows missing',
    observation: observe(all.slice(0, 2)),
    expected: {
      data: 'lost',
      outcome: 'lost',
      reason: 'rows-missing',
      rpoMs: 200,
      firstLost: ['o-n-db-0-2', 'o-n-db-0-3'],
      counts: { intact: 2, lost: 2, corrupt: 0 },
    },
  },
  {
    name: 'a hole in the middle',
    observation: observe(all.filter((_, index) => index !== 1)),
    expected: { data: 'lost', rpoMs: null },
  },
  { name: 'an empty store', observation: observe([]), expected: { data: 'lost', reason: 'rows-missing', rpoMs: null } },
  {
    name: 'an empty store in place of the source',
    observation: observe([], { sourceReplaced: true }),
    expected: { data: 'hidden', reason: 'source-replaced', counts: { lost: 4 } },
  },
  {
    name: 'an empty store, and the version before finds the rows',
    observation: observe([], { leftBehind: true }),
    expected: { data: 'hidden', reason: 'left-behind', counts: { lost: 4 } },
  },
  {
    name: 'part of our rows although the version before finds them',
    observation: observe(all.slice(0, 1), { leftBehind: true }),
    expected: { data: 'lost', reason: 'rows-missing' },
  },
  {
    name: 'part of our rows although the source was replaced',
    observation: observe(all.slice(0, 1), { sourceReplaced: true }),
    expected: { data: 'lost' },
  },
  {
    name: 'all our rows although the source was replaced',
    observation: observe(all, { sourceReplaced: true }),
    expected: { data: 'survived' },
  },
  {
    name: 'foreign rows from another source',
    observation: observe([foreign], { sourceReplaced: true }),
    expected: { data: 'stale', reason: 'rows-from-elsewhere', counts: { unexpected: 1 } },
  },
  {
    name: 'rows of the baseline from another source: an image brings them along each time',
    observation: observe([foreign], { sourceReplaced: true, baseline: new Set([foreign.id]) }),
    expected: { data: 'stale', reason: 'rows-from-elsewhere', firstForeign: [foreign.id], counts: { unexpected: 0 } },
  },
  {
    name: 'rows of the baseline on the same source',
    observation: observe([foreign], { baseline: new Set([foreign.id]) }),
    expected: { data: 'lost', reason: 'rows-missing' },
  },
  {
    name: 'foreign rows on the same source',
    observation: observe([foreign]),
    expected: { data: 'lost', counts: { lost: 4, unexpected: 1 } },
  },
  {
    name: 'a changed payload',
    observation: observe([...all.slice(0, 3), changed(attempt(3))]),
    expected: {
      data: 'corrupt',
      reason: 'rows-changed',
      firstLost: ['o-n-db-0-3'],
      counts: { intact: 3, lost: 0, corrupt: 1 },
    },
  },
  {
    name: 'a rejected row that stood there before',
    attempts: [...written, attempt(4, 'rejected')],
    observation: observe([...all, row(attempt(4))], { baseline: new Set([row(attempt(4)).id]) }),
    expected: { data: 'survived', counts: { unexpected: 0 } },
  },
  {
    name: 'part of a write whose end is open',
    attempts: [...written, attempt(4, 'indeterminate'), attempt(5, 'indeterminate')],
    observation: observe([...all, row(attempt(5))]),
    expected: { data: 'survived', counts: { intact: 4, lost: 0, recovered: 1, unexpected: 0 } },
  },
  {
    name: 'a row served twice, once changed',
    observation: observe([...all, changed(attempt(3))]),
    expected: { data: 'corrupt', counts: { intact: 3, corrupt: 1 } },
  },
  {
    name: 'a row served three times, changed in between',
    observation: observe([...all, changed(attempt(3)), row(attempt(3))]),
    expected: { data: 'corrupt', counts: { intact: 3, corrupt: 1 } },
  },
  {
    name: 'a row served twice alike',
    observation: observe([...all, ...all.slice(0, 1)]),
    expected: { data: 'survived', counts: { intact: 4, unexpected: 0 } },
  },
  {
    name: 'a lost and a changed row',
    observation: observe([...all.slice(0, 2), changed(attempt(2))]),
    expected: { data: 'lost', firstLost: ['o-n-db-0-2', 'o-n-db-0-3'] },
  },
  {
    name: 'a rejected row found',
    attempts: [...written, attempt(4, 'rejected')],
    observation: observe([...all, row(attempt(4))]),
    expected: { data: 'survived', counts: { rejected: 1, unexpected: 1, acknowledged: 4 } },
  },
  {
    name: 'a row of the baseline',
    observation: observe([...all, foreign], { baseline: new Set([foreign.id]) }),
    expected: { data: 'survived', counts: { unexpected: 0 } },
  },
  {
    name: 'an indeterminate row found',
    attempts: [...written, attempt(4, 'indeterminate')],
    observation: observe([...all, row(attempt(4))]),
    expected: { data: 'survived', counts: { indeterminate: 1, recovered: 1, unexpected: 0 } },
  },
  {
    name: 'an indeterminate row missing',
    attempts: [...written, attempt(4, 'indeterminate')],
    observation: observe(all),
    expected: { data: 'survived', counts: { indeterminate: 1, recovered: 0, lost: 0 } },
  },
  {
    name: 'an indeterminate row torn',
    attempts: [...written, attempt(4, 'indeterminate')],
    observation: observe([...all, changed(attempt(4))]),
    expected: { data: 'survived', counts: { recovered: 0, unexpected: 1 } },
  },
  {
    name: 'a store that cannot be read',
    observation: observe(null, { readFailure: 'timeout' }),
    expected: {
      data: 'unknown',
      reason: 'timeout',
      rpoMs: null,
      counts: {
        attempted: 4,
        acknowledged: 4,
        intact: null,
        lost: null,
        corrupt: null,
        unexpected: null,
        recovered: null,
      },
    },
  },
  {
    name: 'a store that cannot be read, for no known reason',
    observation: observe(null),
    expected: { data: 'unknown', reason: 'not-read' },
  },
  {
    name: 'no proof',
    observation: observe(all, { proven: false }),
    expected: { data: 'unknown', outcome: 'unknown', reason: 'not-proven', rpoMs: null },
  },
  {
    name: 'a loss without proof',
    observation: observe([], { proven: false }),
    expected: { data: 'lost', reason: 'rows-missing' },
  },
  {
    name: 'a change without proof',
    observation: observe(
      all.map((each) => ({ ...each, payload: '' })),
      { proven: false },
    ),
    expected: { data: 'corrupt' },
  },
  {
    name: 'nothing acknowledged',
    attempts: [attempt(0, 'rejected'), attempt(1, 'indeterminate')],
    observation: observe([row(attempt(1))]),
    expected: { data: 'unknown', reason: 'no-markers', rpoMs: null },
  },
  { name: 'nothing attempted', attempts: [], observation: observe([]), expected: { data: 'unknown' } },
  {
    name: "the app's own data gone beside intact rows",
    observation: observe(all, { own: 'lost' }),
    expected: { data: 'lost', reason: 'own-data-gone', counts: { intact: 4, lost: 0 } },
  },
  {
    name: "the app's own data gone with our rows",
    observation: observe([], { own: 'lost' }),
    expected: { data: 'lost', reason: 'rows-missing' },
  },
  {
    name: "the app's own data out of sight with our rows",
    observation: observe([], { own: 'lost', sourceReplaced: true }),
    expected: { data: 'hidden', reason: 'source-replaced' },
  },
  {
    name: "part of the app's own data gone beside intact rows",
    observation: observe(all, { own: 'unknown' }),
    expected: { data: 'unknown', reason: 'own-data-undecided' },
  },
  {
    name: "the app's own data where it was",
    observation: observe(all, { own: 'kept' }),
    expected: { data: 'survived', reason: null },
  },
  {
    name: 'a failed integrity check beside intact rows',
    observation: observe(all, { integrity: { ok: false, detail: 'bad page' } }),
    expected: { data: 'survived', reason: null },
  },
  {
    name: 'a good integrity check beside lost rows',
    observation: observe([], { integrity: { ok: true, detail: 'ok' } }),
    expected: { data: 'lost' },
  },
  {
    name: 'intact data behind a dead service',
    observation: observe(all, { service: 'unavailable', serviceReason: 'not-ready' }),
    expected: { data: 'survived', service: 'unavailable', outcome: 'unavailable', reason: 'not-ready' },
  },
  {
    name: 'intact data behind a service that cannot write',
    observation: observe(all, { service: 'unwritable' }),
    expected: { outcome: 'unwritable', reason: 'write-refused' },
  },
  {
    name: 'intact data behind a service nobody could check',
    observation: observe(all, { service: 'unknown' }),
    expected: { data: 'survived', outcome: 'unknown', reason: 'checker-failed' },
  },
  {
    name: 'lost data behind a dead service',
    observation: observe([], { service: 'unavailable', serviceReason: 'not-running' }),
    expected: { outcome: 'lost', reason: 'rows-missing' },
  },
];

describe('judge', () => {
  test.for(cases)('$name', ({ attempts = written, observation, expected }) => {
    expect(judge(attempts, observation)).toMatchObject(expected);
  });

  test('names ten lost rows at most, in the order of writing', () => {
    const many = Array.from({ length: 15 }, (_, seq) => attempt(seq));
    expect(judge(many, observe([])).firstLost).toEqual(many.slice(0, 10).map((each) => each.marker.id));
  });
});

const rank = (outcome: string) => OUTCOMES.findIndex((each) => each === outcome);

describe('worstOutcome', () => {
  test('is the worse of the two', () => {
    expect(worstOutcome('survived', 'up')).toBe('survived');
    expect(worstOutcome('hidden', 'unknown')).toBe('hidden');
    expect(worstOutcome('survived', 'unknown')).toBe('unknown');
    expect(worstOutcome('unknown', 'unavailable')).toBe('unknown');
  });

  test('is never better than either', () => {
    for (const data of DATA_VERDICTS) {
      for (const service of SERVICE_VERDICTS) {
        const worst = rank(worstOutcome(data, service));
        expect(worst).toBeLessThanOrEqual(rank(data));
        expect(worst).toBeLessThanOrEqual(service === 'up' ? rank('survived') : rank(service));
      }
    }
  });
});

const attemptsOf = (entries: readonly { end: WriteEnd }[]) => entries.map(({ end }, seq) => attempt(seq, end));
const severity = (judgement: Judgement) => DATA_VERDICTS.indexOf(judgement.data);

describe('for any history', () => {
  type Fate = 'kept' | 'missing' | 'changed';
  const history = fc.array(
    fc.record({
      end: fc.constantFrom<WriteEnd>('acknowledged', 'rejected', 'indeterminate'),
      fate: fc.constantFrom<Fate>('kept', 'missing', 'changed'),
    }),
    { maxLength: 25 },
  );
  const conditions = fc.record({
    sourceReplaced: fc.boolean(),
    proven: fc.boolean(),
    service: fc.constantFrom(...SERVICE_VERDICTS),
    integrity: fc.constantFrom(null, { ok: false, detail: '' }, { ok: true, detail: '' }),
  });
  const others = fc.array(fc.constantFrom(foreign, { id: 'o-other-db-0-1', payload: '' }), { maxLength: 2 });

  const rowsOf = (entries: readonly { end: WriteEnd; fate: Fate }[]) =>
    entries.flatMap(({ end, fate }, seq) => {
      if (fate === 'missing') return [];
      return fate === 'kept' ? [row(attempt(seq, end))] : [changed(attempt(seq, end))];
    });

  test('acknowledged is intact, lost and corrupt together, and attempts are the sum of their ends', () => {
    fc.assert(
      fc.property(history, others, conditions, (entries, more, given) => {
        const { counts } = judge(attemptsOf(entries), observe([...rowsOf(entries), ...more], given));
        expect(counts.acknowledged).toBe((counts.intact ?? NaN) + (counts.lost ?? NaN) + (counts.corrupt ?? NaN));
        expect(counts.attempted).toBe(counts.acknowledged + counts.rejected + counts.indeterminate);
        expect(counts.recovered).toBeLessThanOrEqual(counts.indeterminate);
      }),
    );
  });

  test('every row read is intact, corrupt, recovered or unexpected', () => {
    fc.assert(
      fc.property(history, (entries) => {
        const rows = rowsOf(entries);
        const { intact, corrupt, recovered, unexpected } = judge(attemptsOf(entries), observe(rows)).counts;
        expect((intact ?? NaN) + (corrupt ?? NaN) + (recovered ?? NaN) + (unexpected ?? NaN)).toBe(rows.length);
      }),
    );
  });

  test('the order of the rows makes no difference', () => {
    const shuffled = history.chain((entries) => {
      const rows = [...rowsOf(entries), foreign, { ...foreign, payload: 'twice' }];
      return fc.tuple(fc.constant(entries), fc.constant(rows), fc.shuffledSubarray(rows, { minLength: rows.length }));
    });
    fc.assert(
      fc.property(shuffled, conditions, ([entries, rows, other], given) => {
        const attempts = attemptsOf(entries);
        expect(judge(attempts, observe(other, given))).toEqual(judge(attempts, observe(rows, given)));
      }),
    );
  });

  test('survived means that something was acknowledged, all of it is intact, and the disruption is proven', () => {
    fc.assert(
      fc.property(history, others, conditions, (entries, more, given) => {
        const { data, counts } = judge(attemptsOf(entries), observe([...rowsOf(entries), ...more], given));
        const whole = counts.acknowledged > 0 && counts.intact === counts.acknowledged && given.proven;
        expect(data === 'survived').toBe(whole);
      }),
    );
  });

  test('one more row missing is never a better verdict, as long as the source is the same', () => {
    fc.assert(
      fc.property(history, others, conditions, fc.nat(), (entries, more, given, pick) => {
        const attempts = attemptsOf(entries);
        const rows = rowsOf(entries);
        const fewer = rows.filter((_, index) => index !== pick % Math.max(rows.length, 1));
        const seen = { ...given, sourceReplaced: false };
        const before = severity(judge(attempts, observe([...rows, ...more], seen)));
        expect(severity(judge(attempts, observe([...fewer, ...more], seen)))).toBeLessThanOrEqual(before);
      }),
    );
  });

  test('foreign rows never make it better', () => {
    fc.assert(
      fc.property(history, conditions, (entries, given) => {
        const attempts = attemptsOf(entries);
        const rows = rowsOf(entries);
        const without = severity(judge(attempts, observe(rows, given)));
        expect(severity(judge(attempts, observe([...rows, foreign], given)))).toBeLessThanOrEqual(without);
      }),
    );
  });

  test('without proof it is never survived', () => {
    fc.assert(
      fc.property(history, conditions, (entries, given) => {
        const observation = observe(rowsOf(entries), { ...given, proven: false });
        expect(judge(attemptsOf(entries), observation).outcome).not.toBe('survived');
      }),
    );
  });

  test('an integrity check changes nothing', () => {
    fc.assert(
      fc.property(history, conditions, (entries, given) => {
        const attempts = attemptsOf(entries);
        const rows = rowsOf(entries);
        expect(judge(attempts, observe(rows, given))).toEqual(
          judge(attempts, observe(rows, { ...given, integrity: null })),
        );
      }),
    );
  });

  test('a reason is given exactly when the outcome is not survived', () => {
    fc.assert(
      fc.property(history, conditions, (entries, given) => {
        const { outcome, reason } = judge(attemptsOf(entries), observe(rowsOf(entries), given));
        expect(reason === null).toBe(outcome === 'survived');
      }),
    );
  });
});
