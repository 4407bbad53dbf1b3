import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hashOf, makeMarker } from './marker.ts';

const key = { seed: 's', nonce: 'abc', store: 'notes', epoch: 2, seq: 7 };

describe('makeMarker', () => {
  test('gives the same marker for the same key', () => {
    expect(makeMarker(key)).toEqual(makeMarker({ ...key }));
  });

  test('names run, store, epoch and sequence in the id', () => {
    expect(makeMarker(key)).toMatchObject({ id: 'o-abc-notes-2-7', epoch: 2, seq: 7 });
  });

  test('carries the hash of id and payload', () => {
    const marker = makeMarker(key);
    expect(marker.hash).toBe(hashOf(marker));
    expect(hashOf({ id: 'a', payload: 'b' })).toBe('7e18f737311b2dc3b2f269dd78396b0351f14fb66efa879f768cb23181883c78');
  });

  test.each(['seed', 'nonce', 'store'] as const)('changes the payload with the %s', (name) => {
    expect(makeMarker({ ...key, [name]: 'other' }).payload).not.toBe(makeMarker(key).payload);
  });

  test('keeps names apart that look alike once made plain', () => {
    expect(makeMarker({ ...key, store: 'a.b' }).id).not.toBe(makeMarker({ ...key, store: 'a_b' }).id);
  });

  test('has a plain id and 120 printable characters, whatever the names', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.nat(), fc.nat(), (seed, store, epoch, seq) => {
        const marker = makeMarker({ seed, nonce: 'n', store, epoch, seq });
        expect(marker.id).toMatch(/^o-[A-Za-z0-9-]+$/);
        expect(marker.payload).toMatch(/^[!-~]{120}$/);
      }),
    );
  });
});
