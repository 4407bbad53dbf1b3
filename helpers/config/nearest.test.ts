import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { nearest } from './nearest.ts';

const NAMES = ['tmpfs-data', 'no-restart-policy', 'unnamed-project', 'short-stop-grace'];

test.for([
  ['tmpfs-dat', 'tmpfs-data'],
  ['no-restart-polcies', 'no-restart-policy'],
  ['unamed-projet', 'unnamed-project'],
  ['short-grace', 'short-stop-grace'],
  ['short-stop-grace', 'short-stop-grace'],
] as const)('%s is most like %s', ([name, like]) => {
  expect(nearest(name, NAMES)[0]).toBe(like);
  expect(nearest(name, NAMES)).toHaveLength(3);
});

test('the name itself is always the nearest', () => {
  const holds = fc.property(
    fc.array(fc.string(), { minLength: 1 }),
    (names) => nearest(names[0] ?? '', names)[0] === names[0],
  );
  expect(fc.check(holds).counterexample).toBeNull();
});

test('a letter more, a letter less, and another letter count the same', () => {
  expect(nearest('abc', ['abcde', 'abx'])).toEqual(['abx', 'abcde']);
  expect(nearest('abcd', ['abc', 'abcde', 'abcx', 'abxx'])).toEqual(['abc', 'abcde', 'abcx']);
});
