import { h } from 'hastscript';
import type { Element } from 'hast';
import type { ReportClaim } from '../model.ts';
import { prose, section, type View, type Part } from './view.ts';

/** What is worth a look comes first. */
const WORDS: Readonly<Record<ReportClaim['verdict'], { readonly word: string; readonly tone: string }>> = {
  unknown: { word: 'unknown', tone: 'unknown' },
  refuted: { word: 'refuted', tone: 'bad' },
  'holds-with-fix': { word: 'holds with a fix', tone: 'borrowed' },
  holds: { word: 'holds', tone: 'good' },
};

/** The claims of a guide, and whether they hold. */
export function claims({ report }: View): Part | null {
  if (report.claims.length === 0) return null;
  const verdicts = Object.keys(WORDS) as ReportClaim['verdict'][];
  const sorted = report.claims.toSorted(
    (a, b) =>
      verdicts.indexOf(a.verdict) - verdicts.indexOf(b.verdict) || a.id.localeCompare(b.id, 'en', { numeric: true }),
  );
  const tally = verdicts
    .toReversed()
    .map((verdict) => [sorted.filter((each) => each.verdict === verdict).length, WORDS[verdict].word] as const)
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${count} ${word}`);
  return section(
    'claims',
    'Claims of the guide',
    h('p.lead', `${tally.join(', ')}. Each was tried on real stacks.`),
    h('div.list', sorted.map(claim)),
  );
}

function claim({ id, statement, verdict, evidence }: ReportClaim): Element {
  const { word, tone } = WORDS[verdict];
  return h(
    'details.cell',
    { className: [tone] },
    h('summary', h('span.chip', { className: [tone] }, word), h('h3', id), h('span.about', prose(statement))),
    h(
      'div.body',
      evidence.length === 0
        ? h('p.quiet', 'Evidence: none.')
        : h(
            'ul.lines',
            evidence.map(({ kind, text }) => h('li', kind === 'command' || kind === 'log' ? h('code', text) : text)),
          ),
    ),
  );
}
