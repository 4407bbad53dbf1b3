import { readFile, writeFile } from 'node:fs/promises';
import { plain, table } from './markdown-text.ts';
import { type ReportClaim, reportSchema } from './model.ts';

const PAGE = new URL('../docs/guide-verdicts.md', import.meta.url);

/** The verdicts on the guide's claims as a page: all of them in a table, then the evidence of each. */
export function renderClaimsPage(claims: readonly ReportClaim[]): string {
  const sorted = claims.toSorted((a, b) => a.id.localeCompare(b.id, 'en', { numeric: true }));
  const evidence = sorted.map(({ id, statement, verdict, evidence: lines }) =>
    [
      `## ${id}: ${verdict}`,
      plain(statement),
      lines.map(({ kind, text }) => `- ${kind}: ${plain(text)}`).join('\n'),
    ].join('\n\n'),
  );
  return `${[
    '# The verdicts on the guide',
    'What a guide on data persistence with Docker Compose says, claim by claim, and what a run of `npm test` has shown of it.',
    '`holds`: shown as the guide writes it. `holds-with-fix`: fails as written, and the reference stack does it right. `refuted`: fails. `unknown`: not shown.',
    'This page is written by `npm run guide-verdicts` from the report of such a run. A test holds its verdicts against each new run.',
    table(
      ['claim', 'verdict', 'statement'],
      sorted.map(({ id, verdict, statement }) => [id, verdict, statement]),
    ),
    ...evidence,
  ].join('\n\n')}\n`;
}

/** The verdict of each claim by its id, as the page has them. */
export async function readClaimsPage(): Promise<Map<string, string>> {
  const rows = (await readFile(PAGE, 'utf8')).matchAll(/^\| ([A-Z]\w+) \| ([a-z-]+) \|/gm);
  return new Map([...rows].map(([, id = '', verdict = '']) => [id, verdict]));
}

if (import.meta.main) {
  const report: unknown = JSON.parse(await readFile(new URL('out/report.json', import.meta.url), 'utf8'));
  const { claims } = reportSchema.parse(report);
  await writeFile(PAGE, renderClaimsPage(claims));
}
