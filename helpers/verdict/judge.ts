import {
  type Attempt,
  type Counts,
  DATA_VERDICTS,
  type DataVerdict,
  type Judgement,
  type Observation,
  type Outcome,
  OUTCOMES,
  type Reason,
  type ServiceVerdict,
} from './model.ts';

const FIRST_LOST = 10;

/**
 * Compares what was attempted on one store with what was read back. Pure; knows nothing of what was hoped for.
 * @param attempts all attempts on the store, of all epochs, in the order of writing
 */
export function judge(attempts: readonly Attempt[], observation: Observation): Judgement {
  const reading = observation.rows === null ? null : compare(attempts, observation);
  const data = reading === null ? notRead(observation) : judgeData(reading, observation);
  const outcome = worstOutcome(data.verdict, observation.service);
  return {
    data: data.verdict,
    service: observation.service,
    outcome,
    reason: outcome === data.verdict && outcome !== 'survived' ? data.reason : serviceReason(observation),
    counts: countsOf(attempts, reading),
    firstLost: reading === null ? [] : reading.bad.slice(0, FIRST_LOST).map((attempt) => attempt.marker.id),
    firstForeign: reading === null ? [] : reading.foreign.slice(0, FIRST_LOST),
    rpoMs: reading === null || !observation.proven ? null : rpoOf(reading),
  };
}

/** The worse of the two, in the order of `OUTCOMES`. */
export function worstOutcome(data: DataVerdict, service: ServiceVerdict): Outcome {
  const ofService: Outcome = service === 'up' ? 'survived' : service;
  return OUTCOMES.indexOf(data) <= OUTCOMES.indexOf(ofService) ? data : ofService;
}

/** The attempts and the rows, sorted by what became of them. */
interface Reading {
  readonly acknowledged: readonly Attempt[];
  readonly intact: readonly Attempt[];
  readonly lost: readonly Attempt[];
  readonly corrupt: readonly Attempt[];
  /** Lost and corrupt together, in the order of writing. */
  readonly bad: readonly Attempt[];
  readonly recovered: number;
  readonly unexpected: number;
  /** Ids that are of no attempt of ours. */
  readonly foreign: readonly string[];
  /** Is there any row of an attempt of ours? */
  readonly ours: boolean;
  /** What each row means that is there and must not be. */
  readonly forbidden: readonly Reason[];
}

type State = 'intact' | 'lost' | 'corrupt';

function compare(attempts: readonly Attempt[], { rows, baseline, forbidden }: Observation): Reading {
  const payloads = Map.groupBy(rows ?? [], (row) => row.id);
  const stateOf = ({ marker }: Attempt): State => {
    const found = payloads.get(marker.id);
    if (found === undefined) return 'lost';
    return found.every((row) => row.payload === marker.payload) ? 'intact' : 'corrupt';
  };
  const acknowledged = attempts.filter((attempt) => attempt.end === 'acknowledged');
  const inState = Map.groupBy(acknowledged, stateOf);
  const recovered = attempts.filter((attempt) => attempt.end === 'indeterminate' && stateOf(attempt) === 'intact');
  const legitimate = new Set([...baseline, ...[...acknowledged, ...recovered].map((attempt) => attempt.marker.id)]);
  const attempted = new Set(attempts.map((attempt) => attempt.marker.id));
  return {
    acknowledged,
    intact: inState.get('intact') ?? [],
    lost: inState.get('lost') ?? [],
    corrupt: inState.get('corrupt') ?? [],
    bad: acknowledged.filter((attempt) => stateOf(attempt) !== 'intact'),
    recovered: recovered.length,
    unexpected: [...payloads.keys()].filter((id) => !legitimate.has(id)).length,
    foreign: [...payloads.keys()].filter((id) => !attempted.has(id)),
    ours: attempts.some((attempt) => payloads.has(attempt.marker.id)),
    forbidden: [...(forbidden ?? [])].filter(([id]) => payloads.has(id)).map(([, reason]) => reason),
  };
}

interface DataFinding {
  readonly verdict: DataVerdict;
  readonly reason: Reason | null;
}

function notRead({ readFailure }: Observation): DataFinding {
  return { verdict: 'unknown', reason: readFailure ?? 'not-read' };
}

/** Everything that can be said of the data; the worst of it stands. */
function judgeData(reading: Reading, observation: Observation): DataFinding {
  const findings: DataFinding[] = [];
  if (reading.lost.length > 0) findings.push(missing(reading, observation));
  if (reading.corrupt.length > 0) findings.push({ verdict: 'corrupt', reason: 'rows-changed' });
  for (const reason of reading.forbidden) findings.push({ verdict: 'stale', reason });
  if (observation.own === 'lost') findings.push(ownMissing(reading, observation));
  if (!observation.proven) findings.push({ verdict: 'unknown', reason: 'not-proven' });
  if (reading.acknowledged.length === 0) findings.push({ verdict: 'unknown', reason: 'no-markers' });
  if (observation.own === 'unknown') findings.push({ verdict: 'unknown', reason: 'own-data-undecided' });
  const survived: DataFinding = { verdict: 'survived', reason: null };
  const rank = (finding: DataFinding) => DATA_VERDICTS.indexOf(finding.verdict);
  return findings.reduce((worst, next) => (rank(next) < rank(worst) ? next : worst), findings[0] ?? survived);
}

/** Rows elsewhere excuse a loss only while their source still exists and none of ours is served. */
function missing(reading: Reading, observation: Observation): DataFinding {
  if (!observation.sourceReplaced || reading.ours) return { verdict: 'lost', reason: 'rows-missing' };
  // The baseline as well: an image brings the same rows along each time.
  if (reading.foreign.length > 0) return { verdict: 'stale', reason: 'rows-from-elsewhere' };
  return { verdict: 'hidden', reason: 'source-replaced' };
}

/** Where the source was replaced, what the app had there is no more lost than our rows. */
function ownMissing(reading: Reading, observation: Observation): DataFinding {
  const finding = missing(reading, observation);
  return finding.verdict === 'lost' ? { verdict: 'lost', reason: 'own-data-gone' } : finding;
}

function serviceReason({ service, serviceReason: given }: Observation): Reason | null {
  if (service === 'up') return null;
  if (given !== null) return given;
  const usual = { unknown: 'checker-failed', unavailable: 'not-running', unwritable: 'write-refused' } as const;
  return usual[service];
}

function countsOf(attempts: readonly Attempt[], reading: Reading | null): Counts {
  const ended = (end: Attempt['end']) => attempts.filter((attempt) => attempt.end === end).length;
  return {
    attempted: attempts.length,
    acknowledged: ended('acknowledged'),
    rejected: ended('rejected'),
    indeterminate: ended('indeterminate'),
    intact: reading?.intact.length ?? null,
    lost: reading?.lost.length ?? null,
    corrupt: reading?.corrupt.length ?? null,
    unexpected: reading?.unexpected ?? null,
    recovered: reading?.recovered ?? null,
  };
}

/** A hole before the last intact row is no span of time at the end: `null`. */
function rpoOf({ acknowledged, intact, bad }: Reading): number | null {
  const last = acknowledged.at(-1);
  if (last === undefined) return null;
  if (bad.length === 0) return 0;
  const kept = intact.at(-1);
  return kept === undefined || kept === last ? null : timeOf(last) - timeOf(kept);
}

function timeOf(attempt: Attempt): number {
  return attempt.endedAt ?? attempt.attemptedAt;
}
