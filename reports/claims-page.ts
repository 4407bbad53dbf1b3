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
    'This page is written by `npm run guide-verdicts` from the report of such a run. A test holds its statements and verdicts, and the kinds, commands and exit codes of the evidence, against each new run.',
    table(
      ['claim', 'verdict', 'statement'],
      sorted.map(({ id, verdict, statement }) => [id, verdict, statement]),
    ),
    ...evidence,
  ].join('\n\n')}\n`;
}

/** The page as it lies in the repository. */
export async function readClaimsPage(): Promise<string> {
  return readFile(PAGE, 'utf8');
}

/**
 * What every run says alike: all but the evidence, and of that the kind of each line, each command and how it ended.
 * What commands say, what was counted, and times, ids and versions differ from run to run. Pure.
 */
export function outlineOf(page: string): string[] {
  return page.split('\n').map((line) => {
    const [, kind, text = ''] = /^- (\w+): (.*)$/.exec(line) ?? [];
    if (kind === undefined) return line;
    if (kind !== 'command') return `- ${kind}`;
    const [, command = text, end = ''] = /^(.*?)( → exit \S+)/.exec(text) ?? [];
    return `- command: ${command.replaceAll(/\b[0-9a-f]{12,}\b|\d[\w.+~-]*/g, '#')}${end}`;
  });
}

if (import.meta.main) {
  const report: unknown = JSON.parse(await readFile(new URL('out/report.json', import.meta.url), 'utf8'));
  const { claims } = reportSchema.parse(report);
  await writeFile(PAGE, renderClaimsPage(claims));
}
