import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ALARMS } from './app/alarms.ts';
import { readLimits } from './app/settings.ts';

const docs = readFileSync(join(import.meta.dirname, '../docs/reference-stack.md'), 'utf8');
const example = readFileSync(join(import.meta.dirname, '.env.example'), 'utf8');

test('the docs list every alarm, and no other', () => {
  const section = docs.split('\n## ').find((candidate) => candidate.startsWith('Alarms'));
  const listed = [...(section ?? '').matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, alarm]) => alarm);
  expect(listed).toEqual([...ALARMS]);
});

/** `NAME=value` lines, as an environment. */
const environment = Object.fromEntries([...example.matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]));

test('every variable of the Compose files stands in .env.example, with its default', () => {
  const compose = readFileSync(join(import.meta.dirname, 'compose.yaml'), 'utf8');
  const variables = [...compose.matchAll(/\$\{(\w+):-([^}]*)\}/g)];
  expect(variables.length).toBeGreaterThan(10);
  for (const [, name = '', value] of variables) expect([name, environment[name]]).toEqual([name, value]);
});

test('the limits of .env.example are those of the code', () => {
  expect(readLimits(environment)).toEqual(readLimits({}));
  expect(readLimits({})).toEqual({
    databaseBytes: 1_073_741_824,
    diskPercent: 90,
    backupAge: 2 * 86_400,
    noBackupAfter: 300,
    offsiteAge: 172_800,
  });
});
