import { expect, test } from 'vitest';
import { ambientFault, isEndpoint } from './ambient-host.ts';

test.each([
  'unix:///var/run/docker.sock',
  'npipe:////./pipe/docker_engine',
  'tcp://127.0.0.1:2375',
  'tcp://[::1]:2375',
  'https://engine:2376',
  'ssh://me@engine',
])('%s is an address of an engine', (text) => {
  expect(isEndpoint(text)).toBe(true);
});

test.each([
  '',
  'not a url',
  'unix://',
  '/var/run/docker.sock',
  '127.0.0.1:2375',
  'engine:2375',
  'tcp://',
  'tcp://a:99999',
  'ftp://a',
])('"%s" is none', (text) => {
  expect(isEndpoint(text)).toBe(false);
});

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
