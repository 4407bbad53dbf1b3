import { readdir, readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { rulePage } from './rule-page.ts';

const FOLDER = fileURLToPath(new URL('../docs/rules', import.meta.url));
const RULES = (await readdir(FOLDER)).map((name) => basename(name, '.md'));

const EXAMPLES = /^```[^]*?^```$/gm;

test.for(RULES)('the page of %s: all of it, but for its heading and its links', async (rule) => {
  const page = rulePage(rule);
  if (page === null) throw new Error('It has a page.');
  const text = await readFile(page.file, 'utf8');
  expect(page.markdown).toMatch(/^Severity: /);
  expect(page.markdown).not.toMatch(/\]\(|^# /m);
  expect(page.markdown.match(EXAMPLES)).toEqual(text.match(EXAMPLES));
});

test.for(['none', '', '../outcomes', 'a/../../outcomes', '%2e%2e/outcomes', '..%2foutcomes'])(
  'there is none for %j',
  (rule) => {
    expect(rulePage(rule)).toBeNull();
  },
);
