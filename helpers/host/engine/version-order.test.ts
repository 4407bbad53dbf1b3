import { expect, test } from 'vitest';
import { isNewer } from './version-order.ts';

test.for([
  ['26.1.5+dfsg1', '20.10.24+dfsg1', true],
  ['20.10.24', '9.0.1', true],
  ['28.5.2', '28.5.10', false],
  ['28.5.2', '28.5.2', false],
  ['20.10.24', '26.1.5', false],
] as const)('%s is newer than %s: %s', ([version, than, newer]) => {
  expect(isNewer(version, than)).toBe(newer);
});

test('of two versions one at most is newer', () => {
  expect(isNewer('26.1.5', '26.1.4') && isNewer('26.1.4', '26.1.5')).toBe(false);
});
