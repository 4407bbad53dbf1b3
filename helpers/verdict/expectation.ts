import type { DataVerdict, Outcome, ServiceVerdict } from './model.ts';

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
}

/** Was this outcome hoped for? `unknown` never is. */
export function acceptable(outcome: Outcome, expected: readonly Outcome[]): boolean {
  return outcome !== 'unknown' && expected.includes(outcome);
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

function lostData({ data }: JudgedCell): boolean {
  return data !== 'unknown' && data !== 'survived';
}

function failedService({ service, expected }: JudgedCell): boolean {
  return (service === 'unavailable' || service === 'unwritable') && !expected.includes(service);
}
