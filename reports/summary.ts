import { OUTCOMES, REASONS } from '../helpers/verdict/model.ts';
import { ADVICE } from './advice.ts';
import type { Report, ReportCell } from './model.ts';

/** Cells that are neither as they should be nor accepted, worst first. */
export function badCells(report: Report): ReportCell[] {
  const bad = report.cells.filter((cell) => cell.status !== 'not-applicable' && !cell.ok && cell.acceptedBy === null);
  return bad.toSorted((a, b) => OUTCOMES.indexOf(a.outcome) - OUTCOMES.indexOf(b.outcome));
}

/** The verdict in a sentence. */
export function sentenceOf(report: Report): string {
  const applicable = report.cells.filter((cell) => cell.status !== 'not-applicable').length;
  const share = `${badCells(report).length} of ${applicable} cells`;
  switch (report.verdict) {
    case 'outlasts':
      return `The data outlasts what was tried: ${applicable} of ${applicable} cells came out as they should.`;
    case 'loses':
      return `The stack loses data: ${share} did not come out as they should.`;
    case 'fails':
      return `A service did not come back or cannot write: ${share} did not come out as they should.`;
    default:
      return applicable === 0
        ? 'Inconclusive: nothing was tried.'
        : `Inconclusive: ${share} could not be shown to be as they should.`;
  }
}

/** `disruption × store`, with the host where there are several. */
export function nameOf(cell: ReportCell, report: Report): string {
  const place = report.hosts.length > 1 ? ` on ${cell.host}` : '';
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
  const counted = (['acknowledged', 'intact', 'lost', 'corrupt', 'unexpected', 'recovered'] as const)
    .filter((name) => cell[name] !== null)
    .map((name) => `${cell[name]} ${name}`);
  return counted.join(', ');
}
