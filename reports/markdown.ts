import { plain, table } from './markdown-text.ts';
import type { Report, ReportCell } from './model.ts';
import {
  badCells,
  changeLine,
  countsOf,
  findingLine,
  gateLine,
  labelOf,
  nameOf,
  nextStep,
  rowsOf,
  sentenceOf,
  sinceOf,
  storesOf,
  untriedLines,
  whyOf,
} from './summary.ts';

/** The report as `report.md`. */
export function renderMarkdown(report: Report): string {
  const next = nextStep(report);
  const sections = [
    '# Outlast',
    `**${sentenceOf(report)}**`,
    next === null ? '' : `Next: ${next}`,
    report.gate === null ? '' : `Gate: ${plain(gateLine(report.gate))}`,
    about(report),
    matrix(report),
    untried(report),
    bad(report),
    baseline(report),
    findings(report),
    claims(report),
    controls(report),
    proofs(report),
  ];
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

function about({ stack, hosts, runId, startedAt, tool }: Report): string {
  const facts = [`Run ${runId}, ${startedAt}, Outlast ${tool.version}`];
  if (stack !== null) facts.push(`Stack ${stack.name}${stack.commit === null ? '' : ` at ${stack.commit}`}`);
  for (const host of hosts) {
    facts.push(`Host ${host.id} (${host.kind}): Docker Engine ${host.engineVersion}, Compose ${host.composeVersion}`);
  }
  const altered = (stack?.changes ?? []).map((change) => `Changed in the shadow: ${change}`);
  return [...facts, ...altered].map((fact) => `- ${plain(fact)}`).join('\n');
}

function matrix(report: Report): string {
  if (report.cells.length === 0) return '';
  const stores = storesOf(report);
  const rows = rowsOf(report).map(({ label, cells }) => {
    const byStore = new Map(cells.map((cell) => [cell.store, cell]));
    return [label, ...stores.map((store) => labelOf(byStore.get(store)))];
  });
  return table(['', ...stores], rows);
}

function untried(report: Report): string {
  return untriedLines(report)
    .map((line) => `- ${plain(line)}`)
    .join('\n');
}

function bad(report: Report): string {
  const cells = badCells(report);
  if (cells.length === 0) return '';
  return ['## Not as it should be', ...cells.map((cell) => badCell(cell, report))].join('\n\n');
}

function badCell(cell: ReportCell, report: Report): string {
  const rows = cell.evidence.filter((each) => each.kind === 'rows').map((each) => `- ${plain(each.text)}`);
  const reason = cell.reason === null ? '' : ` (\`${cell.reason}\`)`;
  const lines = [
    `- ${cell.outcome}: ${plain(whyOf(cell, report))}${reason}`,
    `- data ${cell.data}, service ${cell.service}; expected ${cell.expected.join(' or ') || 'nothing'}`,
    `- ${cell.attempted} attempted, ${countsOf(cell)}`,
  ];
  if (cell.rpoMs !== null && cell.rpoMs > 0) lines.push(`- the last ${cell.rpoMs} ms of writes are gone`);
  return [`### ${plain(nameOf(cell, report))}`, [...lines, ...rows].join('\n')].join('\n\n');
}

function baseline({ baseline: compared }: Report): string {
  if (compared === null) return '';
  const { worse = [], better = [], other = [], newFindings = [], goneFindings = [] } = compared;
  const lines = [
    ...worse.map((change) => `- worse: ${plain(changeLine(change))}`),
    ...better.map((change) => `- better: ${plain(changeLine(change))}`),
    ...(other.length > 0
      ? [`- ${other.length} besides, which only one of the two runs has, or which are as good`]
      : []),
    ...newFindings.map((finding) => `- new finding: ${plain(findingLine(finding))}`),
    ...goneFindings.map((finding) => `- gone: ${plain(findingLine(finding))}`),
  ];
  const list = lines.length > 0 ? lines.join('\n') : 'Nothing differs.';
  return `## Since ${plain(sinceOf(compared))}\n\n${list}`;
}

function findings(report: Report): string {
  if (report.findings.length === 0) return '';
  const rows = report.findings.map((each) => [
    each.severity,
    each.rule,
    `${each.file ?? ''}${each.line === null ? '' : `:${each.line}`}`,
    each.title,
    each.fix,
  ]);
  return `## Findings\n\n${table(['severity', 'rule', 'where', 'what', 'fix'], rows)}`;
}

function claims(report: Report): string {
  if (report.claims.length === 0) return '';
  const rows = report.claims.map((claim) => [claim.id, claim.verdict, claim.statement]);
  return `## Claims\n\n${table(['claim', 'verdict', 'statement'], rows)}`;
}

function controls(report: Report): string {
  if (report.controls.length === 0) return '';
  const rows = report.controls.map((control) => [
    control.id,
    control.expected,
    control.outcome,
    control.caught ? 'caught' : `not caught${control.reason === null ? '' : `: ${control.reason}`}`,
  ]);
  return `## Controls\n\n${table(['sabotaged stack', 'expected', 'outcome', ''], rows)}`;
}

function proofs(report: Report): string {
  const ran = report.cells.filter((cell) => cell.status === 'ran');
  if (ran.length === 0) return '';
  const folded = ran.map((cell) => {
    const { before, after, changed, unchanged } = cell.proof;
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    const state = (name: string) => (changed.includes(name) ? 'changed' : unchanged.includes(name) ? 'same' : '');
    const rows = names.map((name) => [name, before[name] ?? '', after[name] ?? '', state(name)]);
    return [
      `<details><summary>${plain(nameOf(cell, report))}: ${cell.outcome}</summary>`,
      rows.length === 0 ? 'No proof.' : table(['fact', 'before', 'after', ''], rows),
      cell.evidence.map((each) => `- ${each.kind}: ${plain(each.text)}`).join('\n'),
      '</details>',
    ]
      .filter((part) => part !== '')
      .join('\n\n');
  });
  return ['## Proof', ...folded].join('\n\n');
}
