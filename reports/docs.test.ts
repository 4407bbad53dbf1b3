import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ERRORS } from '../helpers/errors.ts';
import { exitCodeOf, VERDICTS } from '../helpers/verdict/expectation.ts';
import { DATA_VERDICTS, LAYERS, OUTCOMES, REASONS, SERVICE_VERDICTS } from '../helpers/verdict/model.ts';
import { parts, reportSchema } from './model.ts';

const page = (name: string) => readFileSync(new URL(`../docs/${name}.md`, import.meta.url), 'utf8');

/** The rows of the table below this heading (or the first one), without its head; marks of code taken off. */
function tableOf(text: string, heading = ''): string[][] {
  const section = text.slice(text.indexOf(heading)).slice(heading.length).split(/^## /m)[0] ?? '';
  const lines = section.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replace(/^`(.*)`$/, '$1')),
  );
}

const names = (rows: readonly string[][]) => rows.map(([name]) => name);

describe('docs/outcomes.md', () => {
  const text = page('outcomes');

  test.for([
    ['## Data verdicts', DATA_VERDICTS],
    ['## Service verdicts', SERVICE_VERDICTS],
    ['## Reasons', Object.keys(REASONS)],
    ['## Layers', LAYERS],
    ['## Verdicts of a run', VERDICTS],
  ] as const)('%s: all, in order, and no other', ([heading, expected]) => {
    expect(names(tableOf(text, heading))).toEqual(expected);
  });

  test.for(['## Data verdicts', '## Service verdicts', '## Reasons', '## Layers'])('%s: no blank', (heading) => {
    expect(tableOf(text, heading).flat()).not.toContain('');
  });

  test('gives the order of outcomes', () => {
    expect(text).toContain(`Worst first: ${OUTCOMES.join(', ')}.`);
  });

  test('gives the exit code of each verdict', () => {
    const codes = tableOf(text, '## Verdicts of a run').map(([, code]) => Number(code));
    expect(codes).toEqual(VERDICTS.map(exitCodeOf));
  });
});

test('docs/errors.md has every code with exit, why and fix, and no other', () => {
  const table = tableOf(page('errors')).map(([code, exit, why, fix]) => [code, { exit: Number(exit), why, fix }]);
  expect(table).toEqual(Object.entries(ERRORS));
});

/** The names in the first column of every table; a cell may hold several. */
function namesIn(text: string): string[] {
  return [...text.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell = '']) => cell.replaceAll('`', '').split(', '));
}

test('docs/troubleshooting.md has every error code and every reason once, and no other', () => {
  const [codes = '', reasons = ''] = page('troubleshooting').split('## By reason');
  expect(namesIn(codes).toSorted()).toEqual(Object.keys(ERRORS).toSorted());
  expect(namesIn(reasons).toSorted()).toEqual(Object.keys(REASONS).toSorted());
});

describe('docs/report.md', () => {
  test.for([
    ['## The contract', Object.keys(reportSchema.shape)],
    ['## A cell', Object.keys(parts.cell.shape)],
  ] as const)('%s: every key, and no other', ([heading, keys]) => {
    expect(names(tableOf(page('report'), heading))).toEqual(keys);
  });
});
