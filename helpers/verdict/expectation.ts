import { type DataVerdict, type Outcome, OUTCOMES, type ServiceVerdict } from './model.ts';

export const VERDICTS = ['loses', 'fails', 'inconclusive', 'outlasts'] as const;
/** The verdict on a whole run; worst first. */
export type Verdict = (typeof VERDICTS)[number];

/** What the verdict on a run needs of a cell. */
export interface JudgedCell {
  readonly status: 'ran' | 'not-applicable' | 'not-run';
  readonly outcome: Outcome;
  readonly data: DataVerdict;
  readonly service: ServiceVerdict;
  readonly expected: readonly string[];
  readonly ok: boolean;
  readonly acceptedBy: string | null;
  /** Services no store of which is watched, and that did not come back. */
  readonly outages?: readonly string[] | undefined;
}

interface CellKey {
  readonly disruption: string;
  readonly store: string;
}

/** Was this outcome hoped for? `unknown` never is. */
export function acceptable(outcome: Outcome, expected: readonly Outcome[]): boolean {
  return outcome !== 'unknown' && expected.includes(outcome);
}

/** Is a cell as it was hoped for? A loss that has to be excuses no service that stays down. */
export function isAsExpected({
  outcome,
  service,
  expected,
  outages,
}: Pick<JudgedCell, 'outcome' | 'service' | 'outages'> & { readonly expected: readonly Outcome[] }): boolean {
  const serves = service === 'up' || (service !== 'unknown' && expected.includes(service));
  return acceptable(outcome, expected) && serves && !hasOutage({ outages });
}

/** What may be accepted: nobody accepts what nobody has seen. */
export const ACCEPTABLE = OUTCOMES.filter((outcome) => outcome !== 'survived' && outcome !== 'unknown');

/** That something may become of a store, as nobody misses it. */
export interface Expectation {
  readonly store: string;
  /** Absent: after any. */
  readonly disruptions?: readonly string[] | undefined;
  readonly outcomes: readonly Outcome[];
  readonly reason: string;
}

/**
 * Did a service stay down no store of which is watched? What is said of a store accepts that for nobody: such a service is left out, or it counts.
 */
export function hasOutage({ outages = [] }: Pick<JudgedCell, 'outages'>): boolean {
  return outages.length > 0;
}

/**
 * Who says that a cell which is not as it should be may be so. Data and service are looked at each by itself.
 * @returns the reason, or `null`
 */
export function acceptedBy(cell: JudgedCell & CellKey, expectations: readonly Expectation[]): string | null {
  const { disruption, store, outcome, data, service, expected } = cell;
  if (cell.ok || cell.status !== 'ran' || hasOutage(cell)) return null;
  const found = expectations.find(({ store: of, disruptions, outcomes }) => {
    // What survived against all expectation is nothing to accept.
    const isMeant = of === store && (disruptions?.includes(disruption) ?? true) && outcomes.includes(outcome);
    const may: ReadonlySet<string> = new Set(['survived', 'up', ...outcomes, ...expected]);
    return isMeant && may.has(data) && may.has(service);
  });
  return found?.reason ?? null;
}

/** The verdict on a run. A cell that should have lost its data and did not makes the harness suspect: inconclusive. */
export function verdictOf(cells: readonly JudgedCell[]): Verdict {
  const applicable = cells.filter((cell) => cell.status !== 'not-applicable');
  const bad = applicable.filter((cell) => !cell.ok && cell.acceptedBy === null);
  if (bad.some(lostData)) return 'loses';
  if (bad.some(failedService)) return 'fails';
  return bad.length > 0 || !applicable.some((cell) => cell.status === 'ran') ? 'inconclusive' : 'outlasts';
}

const EXIT_CODES = { outlasts: 0, loses: 1, fails: 1, inconclusive: 3 } as const satisfies Record<Verdict, number>;

/** The exit code of `run`. */
export function exitCodeOf(verdict: Verdict): 0 | 1 | 3 {
  return EXIT_CODES[verdict];
}

function lostData({ data, expected }: JudgedCell): boolean {
  return data !== 'unknown' && data !== 'survived' && !expected.includes(data);
}

/** Did a service fail, whatever is known of the data? */
export function failedService(cell: Pick<JudgedCell, 'service' | 'expected' | 'outages'>): boolean {
  const { service, expected } = cell;
  return hasOutage(cell) || ((service === 'unavailable' || service === 'unwritable') && !expected.includes(service));
}
