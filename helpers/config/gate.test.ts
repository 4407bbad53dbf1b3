import { readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dir } from 'tmp-promise';
import { test as base } from 'vitest';
import { readConfig } from './config.ts';
import { DEFAULT_POLICY, isExpired, millisecondsOf } from './gate.ts';

const PAGES = fileURLToPath(new URL('../../docs/rules', import.meta.url));
const STORES = `stores:
  - { id: db, kind: sqlite, service: app, path: /data/db }
`;

const test = base.extend('read', async ({}, { onCleanup }) => {
  const made = await dir({ prefix: 'outlast-policy-', unsafeCleanup: true });
  onCleanup(async () => made.cleanup());
  return async (gate: string) => {
    await writeFile(join(made.path, 'outlast.yaml'), `${STORES}gate:\n${gate}`);
    return readConfig(made.path);
  };
});

test('whatever has a page can be accepted', async ({ read, expect }) => {
  const rules = (await readdir(PAGES)).map((name) => basename(name, '.md'));
  const lines = rules.map((rule) => `    - { rule: ${rule}, reason: known, until: 2027-01-31 }\n`);
  expect((await read(`  accept:\n${lines.join('')}`))?.gate?.accept.map(({ rule }) => rule)).toEqual(rules);
});

test('a policy is read, and what it does not say is the default', async ({ read, expect }) => {
  const text = `
  survive:
    - { disruptions: [restart, restore], stores: [db] }
    - {}
  rto: 30s
  accept:
    - { disruption: down-up, store: db, reason: not used yet, until: 2027-01-31 }
    - { rule: no-restart-policy, service: app, reason: it is a job, until: 2027-01-31 }
`;
  expect((await read(text))?.gate).toEqual({
    ...DEFAULT_POLICY,
    survive: [{ disruptions: ['restart', 'restore'], stores: ['db'] }, {}],
    rto: '30s',
    accept: [
      { disruption: 'down-up', store: 'db', reason: 'not used yet', until: '2027-01-31' },
      { rule: 'no-restart-policy', service: 'app', reason: 'it is a job', until: '2027-01-31' },
    ],
  });
  expect(DEFAULT_POLICY).toEqual({ findings: 'error', age: '7d', unknown: 'refuse', accept: [] });
});

test('the policy in the docs is one', async ({ read, expect }) => {
  const page = await readFile(new URL('../../docs/gate.md', import.meta.url), 'utf8');
  const [, policy = ''] = /```yaml\ngate:\n([^]*?)```/.exec(page) ?? [];
  expect((await read(policy.replaceAll('cache', 'db')))?.gate?.accept).toHaveLength(2);
});

const TERMS = 'reason: r, until: 2027-01-31';

test.for([
  ['a store that is not there', 'survive: [{ stores: [files] }]', ':4: gate.survive.0.stores.0: "files" is none of'],
  [
    'an exception for a store that is not there',
    `accept: [{ disruption: kill, store: files, ${TERMS} }]`,
    ':4: gate.accept.0.store: "files" is none of',
  ],
  ['a disruption that is not there', 'survive: [{ disruptions: [flood] }]', ':4: gate.survive.0.disruptions.0'],
  ['an exception for one', `accept: [{ disruption: flood, store: db, ${TERMS} }]`, ':4: gate.accept.0.disruption'],
  ['a rule that is not there', `accept: [{ rule: none, ${TERMS} }]`, ':4: gate.accept.0.rule'],
  ['no requirement', 'survive: []', ':4: gate.survive'],
  ['a level that is none', 'findings: fatal', ':4: gate.findings'],
  ['a time without a unit', 'rto: 30', ':4: gate.rto'],
  ['a time that is none', 'age: soon', ':4: gate.age: a time as 30s'],
  ['no time', 'age: 0d', ':4: gate.age'],
  ['an exception without a reason', 'accept: [{ rule: tmpfs-data, until: 2027-01-31 }]', 'gate.accept.0.reason'],
  ['an empty reason', `accept: [{ rule: tmpfs-data, reason: '', until: 2027-01-31 }]`, 'gate.accept.0.reason'],
  ['an exception for ever', 'accept: [{ rule: tmpfs-data, reason: r }]', 'gate.accept.0.until'],
  ['a day that is none', 'accept: [{ rule: tmpfs-data, reason: r, until: 2027-02-30 }]', 'gate.accept.0.until: a day'],
  ['an exception for nothing', `accept: [{ ${TERMS} }]`, ':4: gate.accept.0: either'],
  ['an exception for half a cell', `accept: [{ store: db, ${TERMS} }]`, ':4: gate.accept.0: either'],
  ['a cell of a service', `accept: [{ disruption: kill, store: db, service: a, ${TERMS} }]`, 'gate.accept.0: either'],
  ['a rule of a store', `accept: [{ rule: tmpfs-data, store: db, ${TERMS} }]`, ':4: gate.accept.0: either'],
  ['a key that is unknown', 'max: 1', 'max'],
] as const)('%s is CONFIG_INVALID', async ([, line, says], { read, expect }) => {
  await expect(read(`  ${line}\n`)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    exitCode: 2,
    message: expect.stringContaining(says) as string,
  });
});

test.for([
  ['30s', 30_000],
  ['15m', 900_000],
  ['24h', 86_400_000],
  ['7d', 604_800_000],
] as const)('%s is %i ms', ([text, milliseconds], { expect }) => {
  expect(millisecondsOf(text)).toBe(milliseconds);
});

test('an exception holds until its last day is over', ({ expect }) => {
  const exception = { rule: 'tmpfs-data', reason: 'r', until: '2027-01-31' };
  expect(isExpired(exception, new Date('2027-01-31T23:59:59.999Z'))).toBe(false);
  expect(isExpired(exception, new Date('2027-02-01T00:00:00Z'))).toBe(true);
});
