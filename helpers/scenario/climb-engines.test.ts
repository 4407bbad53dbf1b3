import { expect, test } from 'vitest';
import type { Outcome } from '../verdict/model.ts';
import { worstOf } from './climb-engines.ts';
import type { CellRecord } from './record.ts';

function hop(from: string, to: string, outcome: Outcome): CellRecord {
  return {
    title: 'a newer engine',
    disruption: 'engine-upgrade',
    store: 'rows',
    host: 'private-1',
    status: 'ran',
    predicted: 'survived',
    outcome,
    data: 'survived',
    service: outcome === 'unavailable' ? 'unavailable' : 'up',
    expected: ['survived'],
    ok: outcome === 'survived',
    acceptedBy: null,
    reason: outcome === 'unavailable' ? 'not-running' : null,
    attempted: 3,
    acknowledged: 3,
    rejected: 0,
    indeterminate: 0,
    intact: 3,
    lost: 0,
    corrupt: 0,
    unexpected: 0,
    recovered: 0,
    rpoMs: 0,
    rtoMs: 40,
    durationMs: 100,
    proof: { before: { 'host engine': from }, after: { 'host engine': to }, changed: [], unchanged: [] },
    evidence: [
      { kind: 'command', text: `to ${to}` },
      { kind: 'note', text: `seen on ${to}` },
    ],
  };
}

const back = hop('28', '26', 'lost');

test('the worst step stands, and every step is told', () => {
  const cell = worstOf([hop('20', '26', 'unavailable'), hop('26', '28', 'survived')], back);
  expect(cell).toMatchObject({ outcome: 'unavailable', ok: false, durationMs: 200 });
  expect(cell.proof.after).toEqual({ 'host engine': '26' });
  expect(cell.evidence.map(({ text }) => text)).toEqual([
    'to 26',
    '20 → 26: unavailable (not-running), 3 of 3 rows intact; read after 40 ms, 100 ms in all',
    'to 28',
    '26 → 28: survived, 3 of 3 rows intact; read after 40 ms, 100 ms in all',
    'seen on 26',
    'a step back, not judged: 28 → 26: lost, 3 of 3 rows intact; read after 40 ms, 100 ms in all',
    'seen on 26',
  ]);
});

test('of equal steps the last one stands, and a step back changes nothing', () => {
  const cell = worstOf([hop('20', '26', 'survived'), hop('26', '28', 'survived')], back);
  expect(cell).toMatchObject({ outcome: 'survived', ok: true });
  expect(cell.proof.after).toEqual({ 'host engine': '28' });
});

test('of equal steps the one that is not as it should be stands', () => {
  const outage = { ...hop('20', '26', 'survived'), ok: false, outages: ['tunnel'] };
  expect(worstOf([outage, hop('26', '28', 'survived')], back)).toMatchObject({ ok: false, outages: ['tunnel'] });
});

test('a service that is down after one step is told, whatever came after it', () => {
  const outage = { ...hop('20', '26', 'survived'), ok: false, outages: ['tunnel'] };
  expect(worstOf([outage, hop('26', '28', 'unknown')], back)).toMatchObject({
    outcome: 'unknown',
    ok: false,
    outages: ['tunnel'],
  });
});
