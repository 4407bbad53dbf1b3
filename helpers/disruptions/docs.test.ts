import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { DISRUPTIONS } from './catalogue.ts';
import { STORE_KINDS } from '../stores/store.ts';

const root = new URL('../../', import.meta.url);
const textOf = (file: string) => readFileSync(new URL(file, root), 'utf8');
/** First cells of all table rows that are code. */
const rowsOf = (text: string) => [...text.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name);

test('docs/disruptions.md lists the catalogue in its order', () => {
  expect(rowsOf(textOf('docs/disruptions.md'))).toEqual(DISRUPTIONS.map(({ id }) => id));
});

test('docs/decisions.md names every dependency and no other', () => {
  const manifest: Record<'dependencies' | 'devDependencies', object> = JSON.parse(textOf('package.json'));
  const [runtime = '', development = ''] = textOf('docs/decisions.md').split('## Development dependencies');
  expect(rowsOf(runtime)).toEqual(Object.keys(manifest.dependencies));
  expect(rowsOf(development)).toEqual(Object.keys(manifest.devDependencies));
});

test('docs/stores.md lists the kinds of stores', () => {
  expect(rowsOf(textOf('docs/stores.md'))).toEqual([...STORE_KINDS]);
});
