import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Ledger } from './ledger.ts';
import { makeMarker } from './marker.ts';

const marker = (seq: number, epoch = 0) => makeMarker({ seed: 's', nonce: 'n', store: 'db', epoch, seq });

const clock = (start = 1000) => {
  let now = start;
  return () => (now += 1);
};

describe('Ledger', () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'outlast-ledger-'));
    path = join(folder, 'ledger.sqlite');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  test('holds an attempt as indeterminate until it ends', () => {
    using ledger = new Ledger(path, clock());
    ledger.begin('db', [marker(0)]);
    expect([...ledger.attempts('db')]).toEqual([
      { store: 'db', marker: marker(0), end: 'indeterminate', attemptedAt: 1001, endedAt: null },
    ]);
  });

  test.each(['acknowledged', 'rejected'] as const)('holds a write that was %s, with its times', (end) => {
    using ledger = new Ledger(path, clock());
    ledger.begin('db', [marker(0)]);
    ledger.end('db', [marker(0)], end);
    expect([...ledger.attempts('db')]).toMatchObject([{ end, attemptedAt: 1001, endedAt: 1002 }]);
  });

  test('gives all epochs of one store in the order of writing', () => {
    using ledger = new Ledger(path, clock());
    for (const each of [marker(1), marker(0), marker(0, 2), marker(0, 1)]) ledger.begin('db', [each]);
    ledger.begin('files', [marker(9)]);
    const ids = [...ledger.attempts('db')].map((attempt) => attempt.marker.id);
    expect(ids).toEqual(['o-n-db-0-1', 'o-n-db-0-0', 'o-n-db-2-0', 'o-n-db-1-0']);
  });

  test('refuses to begin the same marker twice', () => {
    using ledger = new Ledger(path, clock());
    ledger.begin('db', [marker(0)]);
    expect(() => ledger.begin('db', [marker(0)])).toThrow(/UNIQUE/);
  });

  test('refuses to end what was never begun or has ended', () => {
    using ledger = new Ledger(path, clock());
    expect(() => ledger.end('db', [marker(0)], 'acknowledged')).toThrow(RangeError);
    ledger.begin('db', [marker(0)]);
    ledger.end('db', [marker(0)], 'acknowledged');
    expect(() => ledger.end('db', [marker(0)], 'rejected')).toThrow(RangeError);
  });

  test('holds the rows of one write together, at one time', () => {
    using ledger = new Ledger(path, clock());
    ledger.begin('db', [marker(0), marker(1)]);
    ledger.begin('db', [marker(2)]);
    ledger.end('db', [marker(0), marker(1)], 'acknowledged');
    expect([...ledger.attempts('db')]).toMatchObject([
      { marker: marker(0), end: 'acknowledged', attemptedAt: 1001, endedAt: 1003 },
      { marker: marker(1), end: 'acknowledged', attemptedAt: 1001, endedAt: 1003 },
      { marker: marker(2), end: 'indeterminate', attemptedAt: 1002, endedAt: null },
    ]);
  });

  test('begins and ends all rows of a write or none', () => {
    using ledger = new Ledger(path, clock());
    ledger.begin('db', [marker(1)]);
    expect(() => ledger.begin('db', [marker(0), marker(1)])).toThrow(/UNIQUE/);
    expect([...ledger.attempts('db')]).toHaveLength(1);
    expect(() => ledger.end('db', [marker(1), marker(2)], 'acknowledged')).toThrow(RangeError);
    expect([...ledger.attempts('db')]).toMatchObject([{ end: 'indeterminate', endedAt: null }]);
  });

  test('outlives the death of the process that wrote it', () => {
    const script = `
      const { Ledger } = await import(process.argv[1]);
      const { makeMarker } = await import(process.argv[2]);
      const ledger = new Ledger(process.argv[3], () => 1);
      const marker = makeMarker({ seed: 's', nonce: 'n', store: 'db', epoch: 0, seq: 0 });
      ledger.begin('db', [marker]);
      ledger.end('db', [marker], 'acknowledged');
      process.kill(process.pid, 'SIGKILL');`;
    const modules = ['ledger.ts', 'marker.ts'].map((name) => new URL(name, import.meta.url).href);
    expect(() =>
      execFileSync(process.execPath, ['--input-type=module', '-e', script, ...modules, path], { stdio: 'ignore' }),
    ).toThrow(expect.objectContaining({ signal: 'SIGKILL' }));
    using ledger = new Ledger(path, clock());
    expect([...ledger.attempts('db')]).toMatchObject([{ marker: marker(0), end: 'acknowledged' }]);
  });

  test('holds a removal as indeterminate until it ends', () => {
    using ledger = new Ledger(path, clock());
    ledger.begin('db', [marker(0)]);
    ledger.end('db', [marker(0)], 'acknowledged');
    ledger.beginRemoval('db', marker(0));
    expect([...ledger.attempts('db')]).toMatchObject([{ end: 'acknowledged', removal: 'indeterminate' }]);
    ledger.endRemoval('db', marker(0), 'acknowledged');
    expect([...ledger.attempts('db')]).toMatchObject([{ end: 'acknowledged', removal: 'acknowledged' }]);
  });

  test('refuses a removal of what was never attempted, or twice', () => {
    using ledger = new Ledger(path, clock());
    expect(() => ledger.beginRemoval('db', marker(0))).toThrow(RangeError);
    ledger.begin('db', [marker(0)]);
    expect(() => ledger.endRemoval('db', marker(0), 'rejected')).toThrow(RangeError);
    ledger.beginRemoval('db', marker(0));
    expect(() => ledger.beginRemoval('db', marker(0))).toThrow(RangeError);
  });

  test('a mark lies between the attempts on their clock', () => {
    using ledger = new Ledger(path, clock());
    ledger.begin('db', [marker(0)]);
    const at = ledger.mark('backup-began');
    ledger.begin('db', [marker(1)]);
    expect([...ledger.attempts('db')].map(({ attemptedAt }) => attemptedAt < at)).toEqual([true, false]);
  });
});
