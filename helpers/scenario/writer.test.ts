import { describe, test as base } from 'vitest';
import type { Probe } from '../probe/probe.ts';
import type { StoreDefinition } from '../stores/store.ts';
import { Ledger } from '../verdict/ledger.ts';
import type { ScenarioSetting } from './scenario.ts';
import { Writer } from './writer.ts';

const test = base.extend('ledger', ({}, { onCleanup }) => {
  let now = 0;
  const ledger = new Ledger(':memory:', () => ++now);
  onCleanup(() => ledger[Symbol.dispose]());
  return ledger;
});

/** A writer whose writes come to `answer`. */
function writerOf(ledger: Ledger, kind: 'sqlite' | 'files', answer: Probe['write'], first?: number): Writer {
  const setting = { ledger, seed: 's', nonce: 'n', signal: new AbortController().signal } as Partial<ScenarioSetting>;
  const store: StoreDefinition = { id: 'db', kind, service: 'app', path: '/data' };
  return new Writer(setting as ScenarioSetting, store, { write: answer } as Partial<Probe> as Probe, 0, first);
}

function openIds(ledger: Ledger): string[] {
  return [...ledger.attempts('db')].flatMap(({ end, marker }) => (end === 'indeterminate' ? [marker.id] : []));
}

describe('rows before a disruption', () => {
  test.for([
    ['sqlite', 1000, 1, 1000],
    ['sqlite', 1001, 2, 501],
    ['sqlite', 2500, 3, 834],
    ['files', 2500, 1, 2500],
  ] as const)(
    '%s: of %i rows %i go together, in %i writes',
    async ([kind, count, size, writes], { ledger, expect }) => {
      const sizes: number[] = [];
      await writerOf(ledger, kind, async (_, markers) => {
        sizes.push(markers.length);
        return 'acknowledged';
      }).write(count);
      expect({ largest: Math.max(...sizes), writes: sizes.length }).toEqual({ largest: size, writes });
      const attempts = [...ledger.attempts('db')];
      expect(attempts.map(({ marker }) => marker.seq)).toEqual(Array.from({ length: count }, (_, seq) => seq));
      expect(new Set(attempts.map(({ end }) => end))).toEqual(new Set(['acknowledged']));
    },
  );
});

describe('a write of several rows', () => {
  test('has all of them in the ledger before it begins, and their end before the next one', async ({
    ledger,
    expect,
  }) => {
    const seen: { open: string[]; written: string[] }[] = [];
    const writer = writerOf(ledger, 'sqlite', async (_, markers) => {
      seen.push({ open: openIds(ledger), written: markers.map(({ id }) => id) });
      return 'acknowledged';
    });
    expect(await writer.writeNext(3)).toBe('acknowledged');
    expect(await writer.writeNext(2)).toBe('acknowledged');
    expect(seen.map(({ written }) => written.length)).toEqual([3, 2]);
    for (const { open, written } of seen) expect(open).toEqual(written);
    expect(openIds(ledger)).toEqual([]);
  });

  test('that fails leaves all of them open, and the next goes on after them', async ({ ledger, expect }) => {
    const ends = [new Error('the container died'), 'rejected', 'acknowledged'] as const;
    let next = 0;
    const writer = writerOf(ledger, 'sqlite', async () => {
      const end = ends[next++];
      if (end instanceof Error) throw end;
      return end ?? 'rejected';
    });
    expect(await writer.writeNext(2)).toBe('Error: the container died');
    expect(await writer.writeNext(2)).toBe('rejected');
    expect(await writer.writeNext(1)).toBe('acknowledged');
    expect([...ledger.attempts('db')].map(({ marker, end }) => [marker.seq, end])).toEqual([
      [0, 'indeterminate'],
      [1, 'indeterminate'],
      [2, 'rejected'],
      [3, 'rejected'],
      [4, 'acknowledged'],
    ]);
  });
});

test('rows under load have a write of their own each', async ({ ledger, expect }) => {
  const sizes: number[] = [];
  const { promise: enough, resolve: isEnough } = Promise.withResolvers<void>();
  const writer = writerOf(ledger, 'sqlite', async (_, markers) => {
    sizes.push(markers.length);
    if (sizes.length === 5) isEnough();
    // Lets others in, as an answer from a container does.
    await new Promise(setImmediate);
    return 'acknowledged';
  });
  await writer.start();
  await enough;
  await writer.stop();
  expect(new Set(sizes)).toEqual(new Set([1]));
  expect(sizes.length).toBe([...ledger.attempts('db')].length);
});
