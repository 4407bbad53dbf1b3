import { expect, test } from 'vitest';
import { ambientFault } from './ambient-host.ts';

test.each([
  [null, null, false, 'NO_ENGINE'],
  ['19.03.15', '2.40.3', false, 'ENGINE_TOO_OLD'],
  ['20.9.1', '2.40.3', false, 'ENGINE_TOO_OLD'],
  ['20.10.24+dfsg1', '2.26.1-4', false, null],
  ['28.5.2', 'v2.40.3', true, null],
  ['28.5.2', '5.0.0', false, null],
  ['28.5.2', null, true, 'COMPOSE_V1'],
  ['28.5.2', '1.29.2', false, 'COMPOSE_V1'],
  ['28.5.2', null, false, 'NO_COMPOSE'],
])('engine %s, Compose %s, v1 on PATH %s: %s', (engineVersion, composeVersion, composeV1, fault) => {
  expect(ambientFault({ engineVersion, composeVersion, composeV1 })).toBe(fault);
});
