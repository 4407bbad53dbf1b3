import { expect, test } from 'vitest';
import { renderClaimsPage } from './claims-page.ts';

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
