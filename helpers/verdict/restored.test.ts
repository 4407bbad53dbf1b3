import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judge } from './judge.ts';
import { makeMarker } from './marker.ts';
import type { Attempt, Observation, ReadRow, WriteEnd } from './model.ts';
import { expectRestored, type Relation } from './restored.ts';

const span = { beganAt: 1000, endedAt: 2000, decoyEpoch: 1 };

interface Given {
  readonly from: number;
  readonly to: number | null;
  readonly end?: WriteEnd;
  readonly removal?: WriteEnd;
  readonly epoch?: number;
}

const attempt = (seq: number, { from, to, end, removal, epoch = 0 }: Given): Attempt => ({
  store: 'db',
  marker: makeMarker({ seed: 's', nonce: 'n', store: 'db', epoch, seq }),
  end: end ?? (to === null ? 'indeterminate' : 'acknowledged'),
  attemptedAt: from,
  endedAt: to,
  ...(removal ? { removal } : {}),
});

const row = ({ marker }: Attempt): ReadRow => ({ id: marker.id, payload: marker.payload });

const seen = (rows: readonly ReadRow[], forbidden: Observation['forbidden'] = new Map()): Observation => ({
  rows,
  readFailure: null,
  baseline: new Set(),
  forbidden,
  sourceReplaced: false,
  integrity: null,
  service: 'up',
  serviceReason: null,
  proven: true,
});

function judged(attempts: readonly Attempt[], rows: readonly Attempt[]) {
  const expectation = expectRestored(attempts, span);
  return judge(expectation.attempts, seen(rows.map(row), expectation.forbidden));
}

describe('what a row is to a backup', () => {
  const cases: { name: string; given: Given; relation: Relation; whenAbsent: string; whenPresent: string }[] = [
    {
      name: 'ended before it began',
      given: { from: 1, to: 999 },
      relation: 'before',
      whenAbsent: 'lost',
      whenPresent: 'survived',
    },
    {
      name: 'ended in the millisecond it began',
      given: { from: 1, to: 1000 },
      relation: 'during',
      whenAbsent: 'survived',
      whenPresent: 'survived',
    },
    {
      name: 'begun before it, ended during it',
      given: { from: 999, to: 1500 },
      relation: 'during',
      whenAbsent: 'survived',
      whenPresent: 'survived',
    },
    {
      name: 'during it',
      given: { from: 1200, to: 1500 },
      relation: 'during',
      whenAbsent: 'survived',
      whenPresent: 'survived',
    },
    {
      name: 'begun in the millisecond it ended',
      given: { from: 2000, to: 2001 },
      relation: 'during',
      whenAbsent: 'survived',
      whenPresent: 'survived',
    },
    {
      name: 'begun after it ended',
      given: { from: 2001, to: 2002 },
      relation: 'after',
      whenAbsent: 'survived',
      whenPresent: 'stale',
    },
    {
      name: 'begun after it ended, end open',
      given: { from: 2001, to: null },
      relation: 'after',
      whenAbsent: 'survived',
      whenPresent: 'stale',
    },
    {
      name: 'end open',
      given: { from: 1, to: null },
      relation: 'during',
      whenAbsent: 'survived',
      whenPresent: 'survived',
    },
    {
      name: 'removed before it',
      given: { from: 1, to: 2, removal: 'acknowledged' },
      relation: 'deleted',
      whenAbsent: 'survived',
      whenPresent: 'stale',
    },
    {
      name: 'its removal refused',
      given: { from: 1, to: 2, removal: 'rejected' },
      relation: 'before',
      whenAbsent: 'lost',
      whenPresent: 'survived',
    },
    {
      name: 'its removal open',
      given: { from: 1, to: 2, removal: 'indeterminate' },
      relation: 'before',
      whenAbsent: 'survived',
      whenPresent: 'survived',
    },
    {
      name: 'a decoy',
      given: { from: 3000, to: 3001, epoch: 1 },
      relation: 'decoy',
      whenAbsent: 'survived',
      whenPresent: 'stale',
    },
  ];
  const sound = attempt(0, { from: 1, to: 2 });

  test.each(cases)('$name', ({ given, relation, whenAbsent, whenPresent }) => {
    const one = attempt(1, given);
    expect(expectRestored([one], span).counts[relation]).toBe(1);
    expect(judged([sound, one], [sound]).data).toBe(whenAbsent);
    expect(judged([sound, one], [sound, one]).data).toBe(whenPresent);
  });

  test.each([
    ['after', { from: 2001, to: 2002 }, 'rows-from-after'],
    ['deleted', { from: 1, to: 2, removal: 'acknowledged' }, 'deleted-restored'],
    ['decoy', { from: 3000, to: 3001, epoch: 1 }, 'decoy-restored'],
  ] as const)('a row of "%s" that came back has its own reason', (_, given, reason) => {
    const one = attempt(1, given);
    expect(judged([sound, one], [sound, one])).toMatchObject({ outcome: 'stale', reason, counts: { unexpected: 1 } });
  });

  test('a loss is worse than a row too many', () => {
    const decoy = attempt(1, { from: 3000, to: 3001, epoch: 1 });
    expect(judged([sound, decoy], [decoy])).toMatchObject({ outcome: 'lost', reason: 'rows-missing' });
  });

  test('acknowledged rows of the time between count as indeterminate, and as recovered when they are there', () => {
    const between = attempt(1, { from: 1200, to: 1500 });
    expect(judged([sound, between], [sound, between]).counts).toMatchObject({
      attempted: 2,
      acknowledged: 1,
      indeterminate: 1,
      intact: 1,
      recovered: 1,
      unexpected: 0,
    });
  });
});

test('any attempts: a row that must be back and one that must not are never the same, and the counts add up', () => {
  const given = fc.record({
    from: fc.integer({ min: 1, max: 3000 }),
    took: fc.option(fc.integer({ min: 0, max: 1500 })),
    rejected: fc.boolean(),
    removal: fc.option(fc.constantFrom<WriteEnd>('acknowledged', 'rejected', 'indeterminate'), { nil: undefined }),
    epoch: fc.constantFrom(0, 1),
  });
  fc.assert(
    fc.property(fc.array(given, { maxLength: 30 }), fc.infiniteStream(fc.boolean()), (all, coin) => {
      const attempts = all.map(({ from, took, rejected, removal, epoch }, seq) =>
        attempt(seq, {
          from,
          to: took === null ? null : from + took,
          epoch,
          ...(rejected && took !== null ? { end: 'rejected' as const } : {}),
          ...(removal ? { removal } : {}),
        }),
      );
      const expectation = expectRestored(attempts, span);
      const { forbidden, counts } = expectation;
      expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(attempts.length);
      expect(expectation.attempts.length + forbidden.size).toBe(attempts.length);
      for (const { marker } of expectation.attempts) expect(forbidden.has(marker.id)).toBe(false);

      const back = attempts.filter(() => coin.next().value);
      const judgement = judge(expectation.attempts, seen(back.map(row), forbidden));
      const { acknowledged, intact, lost, corrupt } = judgement.counts;
      expect(acknowledged).toBe((intact ?? 0) + (lost ?? 0) + (corrupt ?? 0));
      // Survived: every row of before is there, none of after, deleted or decoy is.
      const must = expectation.attempts.filter(({ end }) => end === 'acknowledged');
      const whole = must.length > 0 && must.every((one) => back.some(({ marker }) => marker.id === one.marker.id));
      const clean = back.every(({ marker }) => !forbidden.has(marker.id));
      expect(judgement.data === 'survived').toBe(whole && clean);
    }),
  );
});
