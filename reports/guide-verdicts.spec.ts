import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { outlineOf, readClaimsPage, renderClaimsPage } from './claims-page.ts';
import { collect, type TestRecord } from './collect.ts';

/** What the suites of this run have handed over so far: this project runs after them. */
async function claimsOfThisRun() {
  const lines = await readFile(new URL('out/persistence.jsonl', import.meta.url), 'utf8');
  return collect(
    lines
      .split('\n')
      .filter((line) => line !== '')
      .map((line): TestRecord => JSON.parse(line)),
  ).claims;
}

test('docs/guide-verdicts.md says what this run has shown, each claim once, with evidence', async () => {
  const claims = await claimsOfThisRun();
  const ids = claims.map(({ id }) => id);
  expect(ids).toHaveLength(new Set(ids).size);
  expect(claims.filter(({ evidence }) => evidence.length === 0)).toEqual([]);
  expect(claims.filter(({ verdict }) => verdict === 'unknown')).toEqual([]);
  expect(outlineOf(await readClaimsPage())).toEqual(outlineOf(renderClaimsPage(claims)));
});
