import { OUTCOMES, REASONS } from '../helpers/verdict/model.ts';
import { ADVICE } from './advice.ts';
import type { Report, ReportBaseline, ReportCell, ReportGate, Verdict } from './model.ts';

/** Cells that are neither as they should be nor accepted, worst first. */
export function badCells(report: Report): ReportCell[] {
  const bad = report.cells.filter((cell) => cell.status !== 'not-applicable' && !cell.ok && cell.acceptedBy === null);
  return bad.toSorted((a, b) => OUTCOMES.indexOf(a.outcome) - OUTCOMES.indexOf(b.outcome));
}

/** The verdict in a sentence. */
export function sentenceOf(report: Report): string {
  const applicable = report.cells.filter((cell) => cell.status !== 'not-applicable').length;
  const share = `${badCells(report).length} of ${applicable} cells`;
  const inconclusive =
    applicable === 0
      ? 'Inconclusive: nothing was tried.'
      : `Inconclusive: ${share} could not be shown to be as they should.`;
  const sentences: Record<Verdict, string> = {
    outlasts: `The data outlasts what was tried: ${applicable} of ${applicable} cells are as they should be.`,
    loses: `The stack loses data: ${share} are not as they should be.`,
    fails: `A service did not come back or cannot write: ${share} are not as they should be.`,
    inconclusive,
  };
  return sentences[report.verdict];
}

/** Every disruption (and host, where it ran on several) once, in the order of the run. */
export function rowsOf(report: Report): { readonly label: string; readonly cells: readonly ReportCell[] }[] {
  const rows = Map.groupBy(report.cells, ({ disruption, host }) =>
    severalHosts(report, disruption) ? `${disruption} (${host})` : disruption,
  );
  return [...rows].map(([label, cells]) => ({ label, cells }));
}

function severalHosts({ cells }: Report, disruption: string): boolean {
  return new Set(cells.filter((cell) => cell.disruption === disruption).map(({ host }) => host)).size > 1;
}

/** Every store that has a cell, once. */
export function storesOf(report: Report): string[] {
  return [...new Set(report.cells.map((cell) => cell.store))];
}

export const MARKS = { good: '✓', accepted: '~', bad: '✗', unknown: '?', none: '·' } as const;

export type Standing = keyof typeof MARKS;

/** How a cell stands against what was expected of it. */
export function standingOf(cell: ReportCell): Standing {
  if (cell.status === 'not-applicable') return 'none';
  if (cell.ok) return 'good';
  if (cell.acceptedBy !== null) return 'accepted';
  return cell.outcome === 'unknown' ? 'unknown' : 'bad';
}

/** A cell of the matrix, without colour. */
export function labelOf(cell: ReportCell | undefined): string {
  if (cell === undefined) return '';
  const word = cell.status === 'ran' ? cell.outcome : cell.status === 'not-run' ? 'not run' : '';
  return `${MARKS[standingOf(cell)]} ${word}`.trim();
}

/** `disruption × store`, with the host where it ran on several. */
export function nameOf(cell: ReportCell, report: Report): string {
  const place = severalHosts(report, cell.disruption) ? ` on ${cell.host}` : '';
  return `${cell.disruption} × ${cell.store}${place}`;
}

/** Why the cell is as it is, in words. */
export function whyOf(cell: ReportCell): string {
  if (cell.reason !== null) return REASONS[cell.reason];
  return cell.ok
    ? 'As it should be.'
    : `It should have been ${cell.expected.join(' or ')}; the harness itself is suspect.`;
}

/** The first thing to do next; `null` when there is nothing. */
export function nextStep(report: Report): string | null {
  const bad = badCells(report);
  const worst = bad[0];
  if (worst === undefined) return report.verdict === 'outlasts' ? null : 'Run it again with something to try.';
  return worst.reason === null ? 'Check the harness: a loss that had to happen did not.' : ADVICE[worst.reason];
}

/** What was counted, in words; what was not measured is left out. */
export function countsOf(cell: ReportCell): string {
  const counted = (
    ['acknowledged', 'rejected', 'indeterminate', 'intact', 'lost', 'corrupt', 'unexpected', 'recovered'] as const
  )
    .filter((name) => cell[name] !== null)
    .map((name) => `${cell[name]} ${name}`);
  return counted.join(', ');
}

/** How many reasons fit into a line. */
const NAMED = 3;

/** What the gate decides, in a line. */
export function gateLine({ decision, reasons, accepted }: ReportGate): string {
  const taken = accepted.map(({ what, reason, until }) => `${what} (${reason}, until ${until})`);
  const besides = taken.length === 0 ? '' : ` Accepted: ${shortened(taken)}.`;
  return decision === 'allowed'
    ? `Allowed.${besides}`
    : `Refused: ${shortened(reasons.map(({ text }) => text.replaceAll(/\s+/g, ' ')))}.${besides}`;
}

function shortened(texts: readonly string[]): string {
  const more = texts.length - NAMED;
  return [...texts.slice(0, NAMED), ...(more > 0 ? [`and ${more} more`] : [])].join('; ').replace(/\.$/, '');
}

type Change = NonNullable<ReportBaseline['worse']>[number];

/** A cell that differs from an earlier run's. */
export function changeLine({ disruption, store, before, after }: Change): string {
  return `${store} after ${disruption}: ${before ?? 'no such cell'} → ${after ?? 'no such cell'}`;
}

/** Which run it is compared with, in words. */
export function sinceOf({ runId, startedAt }: ReportBaseline): string {
  const parts = [runId === undefined ? null : `run ${runId}`, startedAt === undefined ? null : `of ${startedAt}`];
  return parts.filter((part) => part !== null).join(' ') || 'an earlier run';
}
