import { expect, test } from 'vitest';
import { outlineOf, renderClaimsPage } from './claims-page.ts';
import type { ReportClaim } from './model.ts';

const claim = (id: string) => ({
  id,
  statement: `statement of ${id}`,
  verdict: 'holds' as const,
  evidence: [{ kind: 'command' as const, text: `run | ${id}\n<b>` }],
});

test('the page has the claims in the order of their ids, each with its evidence and nothing that opens markup', () => {
  const page = renderClaimsPage([claim('K10'), claim('K2'), claim('B1')]);
  expect([...page.matchAll(/^\| (\w+) \| holds/gm)].map(([, id]) => id)).toEqual(['B1', 'K2', 'K10']);
  expect(page).toContain('## K2: holds\n\nstatement of K2\n\n- command: run \\| K2 ⏎ &lt;b>\n');
});

const outline = (text: string, changes: Partial<ReportClaim> = {}) =>
  outlineOf(renderClaimsPage([{ ...claim('K1'), evidence: [{ kind: 'command', text }], ...changes }]));
const TAKEN = 'take db-20261125T044009397Z.sqlite of 0123456789abcdef → exit 0';
const counted = (text: string): Partial<ReportClaim> => ({ evidence: [{ kind: 'rows', text }] });

test('two runs have one outline, whatever they have counted', () => {
  const another = 'take db-20270101T000000000Z.sqlite of fedcba9876543210 → exit 0';
  expect(outline(`${another}\nit took 40 s → exit 1`)).toEqual(outline(`${TAKEN}\nit took 3 s`));
  expect(outline('', counted('3 of 3 rows'))).toEqual(outline('', counted('40 of 40 rows')));
});

test.for([
  ['another command', TAKEN.replace('take', 'leave'), {}],
  ['another end', TAKEN.replace('exit 0', 'exit 1'), {}],
  ['another kind of evidence', TAKEN, counted(TAKEN)],
  ['a line less', TAKEN, { evidence: [] }],
  ['another statement', TAKEN, { statement: 'another' }],
  ['another verdict', TAKEN, { verdict: 'refuted' }],
] as const)('%s makes another outline', ([, text, changes]) => {
  expect(outline(text, changes)).not.toEqual(outline(TAKEN));
});
