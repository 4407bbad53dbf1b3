import { expect, test } from 'vitest';
import { keepCredentials } from './cli.ts';

test('of the CLI configuration only credentials and proxies are kept', () => {
  const config = { auths: { r: { auth: 'x' } }, credsStore: 'pass', currentContext: 'far', plugins: {}, proxies: {} };
  expect(keepCredentials(JSON.stringify(config))).toEqual({
    auths: config.auths,
    credsStore: 'pass',
    proxies: {},
  });
});

test.each(['', 'not json', 'null', '[]'])('%j is no configuration', (text) => {
  expect(keepCredentials(text)).toEqual({});
});
