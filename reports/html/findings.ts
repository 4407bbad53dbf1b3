import { h } from 'hastscript';
import type { Element } from 'hast';
import type { ReportFinding } from '../model.ts';
import { rules, ruleAnchor } from './rules.ts';
import { prose, section, type View, type Part } from './view.ts';

const SEVERITIES: readonly ReportFinding['severity'][] = ['error', 'warning', 'info'];

/** What the audit found in the files, with the user's own lines and the fix. */
export function findings({ report }: View): Part | null {
  if (report.findings.length === 0) return null;
  const sorted = report.findings.toSorted((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
  return section(
    'findings',
    'Findings in the files',
    h(
      'p.lead',
      'What the files tell by themselves, and what the run has shown of them besides. Each has its rule below.',
    ),
    h('ul.cards', sorted.map(card)),
    rules(sorted),
  );
}

function card({ severity, title, file, line, service, path, excerpt, why, fix, rule, hazard }: ReportFinding): Element {
  const where = [file === null ? null : `${file}${line === null ? '' : `:${line}`}`, service, path].filter(
    (part) => part !== null,
  );
  return h(
    'li.card',
    { className: [severity] },
    h('h3', h('span.chip', { className: [severity] }, severity), ' ', prose(title)),
    where.length > 0
      ? h(
          'p.where',
          where.flatMap((part, index) => [index > 0 ? ' · ' : null, h('code', part)]),
        )
      : null,
    excerpt === undefined || excerpt === null ? null : h('pre', { tabIndex: 0 }, h('code', lines(excerpt))),
    h('p', prose(why)),
    h('p.fix', h('strong', 'Fix: '), prose(fix)),
    h('p.quiet', 'Rule ', named(rule), hazard === null ? null : `, hazard ${hazard}`),
  );
}

/** The line that the finding is about stands out, as a block that needs no line break. */
function lines(excerpt: string): (Element | string)[] {
  return excerpt.split(/(?<=\n)/).map((line) => (line.startsWith('>') ? h('mark', line.trimEnd()) : line));
}

function named(rule: string): Element {
  const anchor = ruleAnchor(rule);
  return anchor === null ? h('code', rule) : h('a', { href: `#${anchor}` }, rule);
}
