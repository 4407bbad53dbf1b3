import { failedService, hasOutage } from '../helpers/verdict/expectation.ts';
import { type Outcome, OUTCOMES, type Reason, REASONS } from '../helpers/verdict/model.ts';
import { ADVICE } from './advice.ts';
import { LAYER_WORDS } from './durability.ts';
import type { Report, ReportBaseline, ReportCell, ReportFinding, ReportGate, Verdict } from './model.ts';

/** Cells that are neither as they should be nor accepted, worst first. */
export function badCells(report: Report): ReportCell[] {
  const bad = report.cells.filter((cell) => cell.status !== 'not-applicable' && !cell.ok && cell.acceptedBy === null);
  return bad.toSorted((a, b) => OUTCOMES.indexOf(a.outcome) - OUTCOMES.indexOf(b.outcome));
}

/** What another host or another configuration would have tried. */
const UNTRIED: readonly (Reason | null)[] = ['needs-host', 'needs-engines', 'no-backup'];

function isUntried({ status, reason }: ReportCell): boolean {
  return status === 'not-run' || (status === 'not-applicable' && UNTRIED.includes(reason));
}

/** How many cells there are of each kind; what does not apply is in none. */
export function tallyOf({ cells }: Pick<Report, 'cells'>) {
  const tried = cells.filter(({ status }) => status === 'ran');
  const count = (fits: (cell: ReportCell) => boolean): number => tried.filter(fits).length;
  return {
    tried: tried.length,
    passed: count(({ ok }) => ok),
    failed: count((cell) => standingOf(cell) === 'bad'),
    unknown: count((cell) => standingOf(cell) === 'unknown'),
    accepted: count((cell) => standingOf(cell) === 'accepted'),
    untried: cells.filter(isUntried).length,
  };
}

/** The verdict in a sentence, with what failed, what nobody knows and what was not tried each by itself. */
export function sentenceOf(report: Report): string {
  const { tried, passed, failed, unknown, accepted, untried } = tallyOf(report);
  const of = (amount: number): string => `${amount} of ${tried} checks`;
  const besides = (counts: readonly (readonly [number, string])[]): string =>
    [...counts, [accepted, 'accepted'] as const, [untried, 'not tried'] as const]
      .filter(([amount]) => amount > 0)
      .map(([amount, what]) => `, ${amount} ${what}`)
      .join('');
  const isCut = failed + unknown === 0;
  const sentences: Record<Verdict, string> = {
    outlasts: `The data outlasts what was tried: ${of(passed)} passed${besides([])}.`,
    loses: `The stack loses data: ${of(failed)} failed${besides([[unknown, 'unknown']])}.`,
    fails: `A service did not come back or cannot write: ${of(failed)} failed${besides([[unknown, 'unknown']])}.`,
    inconclusive:
      tried === 0
        ? `Inconclusive: nothing was tried${untried > 0 ? `, of ${untried} ${untried === 1 ? 'check' : 'checks'}` : ''}.`
        : isCut && untried === 0
          ? `Inconclusive: the run did not end whole; ${of(passed)} passed${besides([])}.`
          : isCut
            ? `Inconclusive: ${of(passed)} passed${besides([])}.`
            : `Inconclusive: ${of(unknown)} could not be decided${besides([[failed, 'failed']])}.`,
  };
  return sentences[report.verdict];
}

/** What was not tried here and what would try it, a line for each reason. */
export function untriedLines({ cells }: Report): string[] {
  const idle = Map.groupBy(
    cells.filter((cell) => cell.status === 'not-applicable' && isUntried(cell)),
    ({ reason }) => reason,
  );
  return [...idle.values()].flatMap((same) => {
    const names = [...new Set(same.map(({ disruption }) => disruption))].join(', ');
    const [first] = same;
    return first === undefined ? [] : [`${names}: ${untriedWhy(first)}`];
  });
}

function untriedWhy({ reason }: ReportCell): string {
  return reason === null ? 'Not tried here.' : `Not tried here. ${REASONS[reason]} ${ADVICE[reason]}`;
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

export const MARKS = {
  good: '✓',
  borrowed: '!',
  accepted: '~',
  bad: '✗',
  unknown: '?',
  untried: '–',
  none: '·',
} as const;

export type Standing = keyof typeof MARKS;

/** How a cell stands against what was expected of it. */
export function standingOf(cell: ReportCell): Standing {
  if (cell.status === 'not-applicable') return isUntried(cell) ? 'untried' : 'none';
  if (cell.ok) return cell.reason === 'borrowed-time' ? 'borrowed' : 'good';
  if (cell.acceptedBy !== null) return 'accepted';
  // What came through against all expectation makes the harness suspect.
  const isSuspect = cell.outcome === 'survived' && !hasOutage(cell);
  // That its data is not known excuses no service that was seen to fail.
  if (failedService(cell)) return 'bad';
  return cell.outcome === 'unknown' || isSuspect ? 'unknown' : 'bad';
}

/** A cell of the matrix, without colour. */
export function labelOf(cell: ReportCell | undefined): string {
  if (cell === undefined) return '';
  const standing = standingOf(cell);
  const isDown = hasOutage(cell) && (cell.reason === 'other-service-down' || cell.outcome === 'unknown');
  const ofService = standing === 'bad' && cell.outcome === 'unknown' ? cell.service : cell.outcome;
  const seen = isDown ? 'service down' : ofService;
  const idle = cell.status === 'not-run' ? 'not run' : standing === 'untried' ? 'not tried' : 'n/a';
  return `${MARKS[standing]} ${cell.status === 'ran' ? seen : idle}`;
}

/** `disruption × store`, with the host where it ran on several. */
export function nameOf(cell: ReportCell, report: Report): string {
  const place = severalHosts(report, cell.disruption) ? ` on ${cell.host}` : '';
  return `${cell.disruption} × ${cell.store}${place}`;
}

/** Why the cell is as it is, in words. */
export function whyOf(cell: ReportCell, { stores }: Report): string {
  if (standingOf(cell) === 'untried') return untriedWhy(cell);
  const outages = (cell.outages ?? []).map((service) => `${service} is down.`);
  if (cell.reason !== null) return [REASONS[cell.reason], ...groundOf(cell, stores), ...outages].join(' ');
  return cell.ok
    ? 'As it should be.'
    : `It should have been ${cell.expected.join(' or ')}; the harness itself is suspect.`;
}

/** What lost rows lay on, where that does not hold. */
function groundOf({ data, store }: ReportCell, stores: Report['stores']): string[] {
  const place = stores.find(({ id }) => id === store);
  if (data !== 'lost' || place === undefined || LAYER_WORDS[place.layer].holds) return [];
  const { name, fate } = LAYER_WORDS[place.layer];
  return [`${place.path}: ${name}, ${fate}.`];
}

/** The first thing to do next; `null` when there is nothing. */
export function nextStep(report: Report): string | null {
  const [worst] = badCells(report);
  if (worst !== undefined) return remedyOf(worst, report);
  const untried = report.cells.find((cell) => standingOf(cell) === 'untried')?.reason ?? null;
  if (report.verdict !== 'outlasts') return untried === null ? 'Run it again with something to try.' : ADVICE[untried];
  if (report.cells.some(({ reason }) => reason === 'borrowed-time')) return ADVICE['borrowed-time'];
  const error = report.findings.find(({ severity }) => severity === 'error');
  if (error !== undefined) return fixOf(error);
  if (untried !== null) return ADVICE[untried];
  return report.cells.some(({ disruption, status }) => status === 'ran' && RESTORES.includes(disruption))
    ? null
    : 'Let Outlast show that the backup restores: `outlast run --only restore`.';
}

const RESTORES: readonly string[] = ['restore', 'new-host'];

/** Where the audit has found the reason in the files, its fix; else what goes with the reason. */
function remedyOf(cell: ReportCell, { stores, findings }: Report): string {
  const down = findings.find(
    ({ rule, service }) => rule === 'no-restart-policy' && service !== null && cell.outages?.includes(service) === true,
  );
  if (down !== undefined && cell.reason === 'other-service-down') return fixOf(down);
  const store = stores.find(({ id }) => id === cell.store);
  const found = findings.find(
    ({ severity, service, path }) =>
      severity === 'error' && path !== null && service === store?.service && `${store?.path}/`.startsWith(`${path}/`),
  );
  if (found !== undefined && cell.data !== 'survived' && cell.data !== 'unknown') return fixOf(found);
  return cell.reason === null ? 'Check the harness: a loss that had to happen did not.' : ADVICE[cell.reason];
}

function fixOf({ file, line, path, fix }: ReportFinding): string {
  const place = [file === null || line === null ? file : `${file}:${line}`, path].filter((part) => part !== null);
  return place.length === 0 ? fix : `${place.join(', ')}: ${fix}`;
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
export function changeLine({ disruption, store, before, after, outages }: Change): string {
  return `${store} after ${disruption}: ${sideOf(before, outages?.before)} → ${sideOf(after, outages?.after)}`;
}

/** One of the two cells of a change, in words. */
export function sideOf(outcome: Outcome | null, outages: readonly string[] = []): string {
  const down = outages.length === 0 ? '' : ` (down: ${outages.join(', ')})`;
  return `${outcome ?? 'no such cell'}${down}`;
}

type FindingOf = NonNullable<ReportBaseline['newFindings']>[number];

/** A finding that one of two runs has. */
export function findingLine({ rule, severity, service, file, line, title }: FindingOf): string {
  const place = file === null ? service : `${file}${line === null ? '' : `:${line}`}`;
  return `${severity} ${rule}${place === null ? '' : `, ${place}`}: ${title}`;
}

/** A moment, for people: `2026-01-31 12:34 UTC`. */
export function momentOf(iso: string): string {
  return `${new Date(iso).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** Which run it is compared with, in words. */
export function sinceOf({ runId, startedAt }: ReportBaseline): string {
  const parts = [
    runId === undefined ? null : `run ${runId}`,
    startedAt === undefined ? null : `of ${momentOf(startedAt)}`,
  ];
  return parts.filter((part) => part !== null).join(' ') || 'an earlier run';
}
