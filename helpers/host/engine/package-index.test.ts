import { expect, test } from 'vitest';
import { fitsLibc, libraryClosure, parsePackageIndex } from './package-index.ts';

const INDEX = parsePackageIndex(
  [
    'Package: tool\nVersion: 1:2.0-1\nPre-Depends: init (>= 1)\nDepends: libc6 (>= 2.38), libone (>= 1) | libalt, python3:any, zlib1g',
    'Package: libone\nVersion: 1\nDepends: libc6 (>= 2.4), libtwo',
    'Package: libtwo\nVersion: 1\nDepends: libone',
    'Package: zlib1g\nVersion: 1',
    'Package: python3\nVersion: 3',
  ].join('\n\n'),
);

test('reads version, needs and the C library asked for', () => {
  expect(INDEX.get('tool')?.()).toEqual({
    name: 'tool',
    version: '1:2.0-1',
    depends: ['init', 'libc6', 'libone', 'python3', 'zlib1g'],
    libc: [2, 38],
  });
});

test.each([
  ['2.36', false],
  ['2.38', true],
  ['2.41', true],
  ['3.0', true],
])('a need of 2.38 and the C library %s: %s', (libc, fits) => {
  const entry = INDEX.get('tool')?.();
  expect(entry && fitsLibc(entry, libc)).toBe(fits);
});

test('libraries are followed through, circles included, and what is installed is left out', () => {
  expect(libraryClosure(['tool'], INDEX, () => false)).toEqual(['libone', 'libtwo', 'zlib1g']);
  expect(libraryClosure(['tool'], INDEX, (name) => name === 'zlib1g')).toEqual(['libone', 'libtwo']);
});
