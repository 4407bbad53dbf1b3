import { isExpired, millisecondsOf, type Exception, type GatePolicy } from '../config/gate.ts';
import { DISRUPTIONS } from '../disruptions/catalogue.ts';
import type { Revision } from '../stack/revision.ts';
import type { Variables } from '../stack/variables.ts';
import {
  acceptedBy,
  failedService,
  hasOutage,
  verdictOf,
  type Expectation,
  type JudgedCell,
  type Verdict,
} from '../verdict/expectation.ts';
import type { Reason } from '../verdict/model.ts';
import { REFUSALS, type Fault, type Refusal } from './reasons.ts';

/** `text` fits into a line. */
interface GateReason {
  readonly code: Fault | Refusal;
  readonly text: string;
}

/** What was not as it must be, and is accepted. */
interface Accepted {
  readonly what: string;
  readonly reason: string;
  readonly until: string;
}

export interface Decision {
  readonly decision: 'allowed' | 'refused';
  /** Empty where it is allowed; worst first. */
  readonly reasons: readonly GateReason[];
  readonly accepted: readonly Accepted[];
}

/** What the gate looks at in a report. */
export interface Tested {
  readonly startedAt: string;
  readonly verdict: Verdict;
  readonly stack: TestedStack | null;
  readonly stores: readonly { readonly id: string }[];
  readonly cells: readonly TestedCell[];
  readonly findings: readonly TestedFinding[];
}

/** What is optional was not there in an earlier report of the same version. */
interface TestedStack extends Omit<Revision, 'dirty' | keyof Variables> {
  readonly dirty?: boolean | null | undefined;
  readonly variables?: Variables['variables'] | undefined;
  readonly profiles?: Variables['profiles'] | undefined;
}

interface TestedCell extends JudgedCell {
  readonly disruption: string;
  readonly store: string;
  readonly reason: Reason | null;
  readonly rtoMs: number | null;
}

interface TestedFinding {
  readonly rule: string;
  readonly severity: 'error' | 'warning' | 'info';
  readonly service: string | null;
  readonly file: string | null;
  readonly line: number | null;
  readonly title: string;
}

/** What the configuration says besides the policy. */
interface Known {
  /** Ids of all stores that must be there; those of the report besides. */
  readonly stores?: readonly string[] | undefined;
  /** What may be lost, where the policy does not name what must survive. */
  readonly expectations?: readonly Expectation[] | undefined;
}

/**
 * May what is here be deployed, by what the report says? What the run itself has accepted counts for nothing: the policy may have changed since.
 * @param here what is to be deployed
 */
export function decide(
  report: Tested,
  policy: GatePolicy,
  now: Date,
  here: Revision,
  { stores = [], expectations = [] }: Known = {},
): Decision {
  const faults = faultsOf(report, policy, now, here);
  // What was seen of something else says nothing.
  if (faults.length > 0) return { decision: 'refused', reasons: faults, accepted: [] };
  const required = requiredPairs(report, policy, stores);
  const seen = Map.groupBy(report.cells, keyOf);
  const wanting = [
    ...required.flatMap((pair) => pairJudged(pair, seen.get(keyOf(pair)) ?? [], policy, expectations)),
    ...findingsJudged(report, policy),
    ...wholeness(report),
  ];
  const accepted = wanting.flatMap(({ exception, text }) =>
    exception === null ? [] : [{ what: text, reason: exception.reason, until: exception.until }],
  );
  const unknowns: readonly Refusal[] = ['unknown', 'not-tried'];
  const standing = wanting
    .filter(({ code, exception }) => exception === null && !(policy.unknown === 'allow' && unknowns.includes(code)))
    .map(({ code, text }): GateReason => ({ code, text }))
    .toSorted((a, b) => REFUSALS.indexOf(a.code as Refusal) - REFUSALS.indexOf(b.code as Refusal));
  const reasons =
    standing.length > 0 ? standing : nothingShown(required.flatMap((pair) => seen.get(keyOf(pair)) ?? []));
  return { decision: reasons.length === 0 ? 'allowed' : 'refused', reasons, accepted };
}

/** Whoever allows what is unknown still wants to have seen something. */
function nothingShown(cells: readonly TestedCell[]): GateReason[] {
  const tried = cells.filter(({ status }) => status === 'ran');
  if (tried.length === 0) return [{ code: 'not-tried', text: 'nothing was tried' }];
  const isKnown = ({ data, outcome }: TestedCell): boolean => data !== 'unknown' && outcome !== 'unknown';
  return tried.some(isKnown)
    ? []
    : [{ code: 'unknown', text: 'nothing was proven: of all that was tried nothing is known' }];
}

function faultsOf({ startedAt, stack }: Tested, { age, accept }: GatePolicy, now: Date, here: Revision): GateReason[] {
  const { digest, commit, dirty } = here;
  const faults: GateReason[] = [];
  const fault = (code: GateReason['code'], text: string): void => void faults.push({ code, text });
  if (stack === null) fault('REPORT_OTHER_STACK', 'the report is of no stack');
  else {
    if (stack.digest !== digest) fault('REPORT_OTHER_STACK', 'the Compose files are not those that were tested');
    const changed = differing(stack.variables ?? {}, here.variables);
    if (changed.length > 0)
      fault(
        'REPORT_OTHER_STACK',
        `${changed.join(', ')} ${changed.length === 1 ? 'has another value' : 'have other values'} than when it was tested`,
      );
    const untested = here.profiles.filter(
      (name) => !(stack.profiles ?? []).some((each) => each === name || each === '*'),
    );
    if (untested.length > 0) fault('REPORT_OTHER_STACK', `it was not tested with the profile ${untested.join(', ')}`);
    if (stack.commit !== commit)
      fault('REPORT_OTHER_COMMIT', `commit ${short(stack.commit)} was tested, and this is ${short(commit)}`);
    // Without a repository the digest alone tells.
    if (commit !== null && stack.commit === commit) {
      if (stack.dirty !== false) fault('REPORT_UNCOMMITTED', `what was tested ${uncommitted(stack.dirty)}`);
      else if (dirty !== false) fault('REPORT_UNCOMMITTED', `what is here ${uncommitted(dirty)}`);
    }
  }
  const old = now.getTime() - Date.parse(startedAt);
  if (old < 0) fault('REPORT_TOO_OLD', `the run began at ${startedAt}, which is yet to come`);
  else if (old > millisecondsOf(age)) fault('REPORT_TOO_OLD', `the run began at ${startedAt}, more than ${age} ago`);
  for (const exception of accept)
    if (isExpired(exception, now))
      fault('EXCEPTION_EXPIRED', `${nameOf(exception)} was accepted until ${exception.until}`);
  return faults;
}

/** The names of what is not the same in both. */
function differing(before: Variables['variables'], after: Variables['variables']): string[] {
  return Object.keys({ ...before, ...after }).filter((name) => before[name] !== after[name]);
}

function short(commit: string | null): string {
  return commit === null ? 'none' : commit.slice(0, 12);
}

function uncommitted(dirty: boolean | null | undefined): string {
  return dirty === true ? 'holds changes that no commit has' : 'may hold changes that no commit has: git did not tell';
}

function nameOf({ rule, service, disruption, store }: Exception): string {
  if (rule === undefined) return `${store} after ${disruption}`;
  return service === undefined ? rule : `${rule} of ${service}`;
}

/** Something that is not as it must be. */
interface Judged {
  readonly code: Refusal;
  readonly text: string;
  readonly exception: Exception | null;
}

/** A store and what it must come through. */
interface Pair {
  readonly disruption: string;
  readonly store: string;
}

function requiredPairs(report: Tested, { survive }: GatePolicy, stores: readonly string[]): Pair[] {
  const all = new Set([...stores, ...report.stores.map(({ id }) => id), ...report.cells.map(({ store }) => store)]);
  const byDefault = DISRUPTIONS.filter(({ optional }) => !optional).map(({ id }) => id);
  const named = (survive ?? [{}]).flatMap((entry) =>
    (entry.disruptions ?? byDefault).flatMap((disruption) =>
      (entry.stores ?? [...all]).map((store): Pair => ({ disruption, store })),
    ),
  );
  const pairs = survive === undefined ? [...named, ...report.cells] : named;
  return [...new Map(pairs.map((pair) => [keyOf(pair), pair])).values()];
}

/** @param cells of the pair, one for each host */
function pairJudged(
  pair: Pair,
  cells: readonly TestedCell[],
  policy: GatePolicy,
  expectations: readonly Expectation[],
): Judged[] {
  if (cells.length === 0) return [judged('not-tried', pair, 'not tried', policy)];
  const isExpected = (cell: TestedCell) => policy.survive === undefined && acceptedBy(cell, expectations) !== null;
  return cells.flatMap((cell) => (isExpected(cell) ? [] : cellJudged(cell, policy)));
}

/** There is nothing that the disruption could do to the store, wherever it runs. */
const MEANINGLESS: readonly (Reason | null)[] = ['needs-build', 'needs-bind'];

function cellJudged(cell: TestedCell, policy: GatePolicy): Judged[] {
  const { status, outcome, data, service, ok, reason, rtoMs } = cell;
  const byName = policy.survive !== undefined;
  if (status === 'not-applicable') {
    // Another host could have: nobody knows what it would have shown.
    const isWanted = byName ? !MEANINGLESS.includes(reason) : reason === 'needs-host';
    return isWanted ? [judged('not-tried', cell, `not tried (${reason})`, policy)] : [];
  }
  if (status === 'not-run') return [judged('not-tried', cell, `not run (${reason})`, policy)];
  if (hasOutage(cell)) return [{ ...judged('not-survived', cell, outageText(cell), policy), exception: null }];
  if (outcome === 'unknown' || data === 'unknown') {
    // That the data is not known excuses no service that was seen to fail.
    if (!ok && failedService(cell))
      return [{ ...judged('not-survived', cell, `${service}, and the data unknown`, policy), exception: null }];
    return [judged('unknown', cell, `unknown (${reason})`, policy)];
  }
  if (!ok || (byName && data !== 'survived')) {
    // It came through what it cannot come through.
    const suspect = !ok && data === 'survived' && service === 'up';
    return [judged(suspect ? 'unknown' : 'not-survived', cell, outcome, policy)];
  }
  if (policy.rto === undefined || outcome !== 'survived') return [];
  if (rtoMs === null) return [judged('unknown', cell, 'back after nobody knows how long', policy)];
  if (rtoMs <= millisecondsOf(policy.rto)) return [];
  return [judged('too-slow', cell, `back after ${rtoMs} ms, more than ${policy.rto}`, policy)];
}

function outageText({ outcome, outages = [] }: TestedCell): string {
  return `${outcome}, and ${outages.join(', ')} did not come back`;
}

function judged(code: Refusal, { disruption, store }: Pair, seen: string, { accept }: GatePolicy): Judged {
  // Nobody accepts what nobody has seen.
  const exception =
    code === 'unknown' || code === 'not-tried'
      ? undefined
      : accept.find((each) => each.disruption === disruption && each.store === store);
  return { code, text: `${store} after ${disruption}: ${seen}`, exception: exception ?? null };
}

const SEVERITIES = ['error', 'warning', 'info'] as const;

function findingsJudged({ findings }: Tested, policy: GatePolicy): Judged[] {
  const { findings: level, accept } = policy;
  if (level === 'none') return [];
  const refusing = SEVERITIES.slice(0, SEVERITIES.indexOf(level) + 1);
  return findings
    .filter(({ severity }) => refusing.includes(severity))
    .map(({ rule, severity, service, file, line, title }) => {
      const place = file === null ? '' : ` at ${file}${line === null ? '' : `:${line}`}`;
      const exception = accept.find(
        (each) => each.rule === rule && (each.service === undefined || each.service === service),
      );
      return { code: 'finding', text: `${severity} ${rule}${place}: ${title}`, exception: exception ?? null };
    });
}

/** Cells may all be good and the run not: something of it is missing. */
function wholeness({ verdict, cells }: Tested): Judged[] {
  if (verdict !== 'inconclusive' || verdictOf(cells) === 'inconclusive') return [];
  return [{ code: 'unknown', text: 'the run did not end whole', exception: null }];
}

function keyOf({ disruption, store }: Pair): string {
  return `${disruption} ${store}`;
}
