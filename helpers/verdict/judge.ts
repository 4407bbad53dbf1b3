import {
  type Attempt,
  type Counts,
  DATA_VERDICTS,
  type DataVerdict,
  type Judgement,
  type Marker,
  type Observation,
  type Outcome,
  OUTCOMES,
  type ReadRow,
  type Reason,
  type ServiceVerdict,
} from './model.ts';

/** How many ids tell of the rest. */
const FIRST = 10;

/**
 * Compares what was attempted on one store with what was read back. Pure; knows nothing of what was hoped for.
 * @param attempts all attempts on the store, of all epochs, in the order of writing; gone through once
 */
export function judge(attempts: Iterable<Attempt>, observation: Observation): Judgement {
  const isRead = observation.rows !== null;
  const reading = compare(attempts, observation);
  const data = isRead ? judgeData(reading, observation) : notRead(observation);
  const outcome = worstOutcome(data.verdict, observation.service);
  return {
    data: data.verdict,
    service: observation.service,
    outcome,
    reason: outcome === data.verdict && outcome !== 'survived' ? data.reason : serviceReason(observation),
    serviceReason: serviceReason(observation),
    counts: isRead ? reading.counts : { ...reading.counts, ...NOT_READ },
    firstLost: isRead ? reading.firstBad : [],
    firstForeign: reading.foreign.slice(0, FIRST),
    rpoMs: isRead && observation.proven ? rpoOf(reading) : null,
  };
}

/** The worse of the two, in the order of `OUTCOMES`. */
export function worstOutcome(data: DataVerdict, service: ServiceVerdict): Outcome {
  const ofService: Outcome = service === 'up' ? 'survived' : service;
  return OUTCOMES.indexOf(data) <= OUTCOMES.indexOf(ofService) ? data : ofService;
}

/** What became of the attempts and of the rows. Of a store that was not read: as if it were empty. */
interface Reading {
  readonly counts: Readonly<Record<keyof Counts, number>>;
  /** Ids of the first lost or corrupt rows, in the order of writing. */
  readonly firstBad: readonly string[];
  readonly lastAcknowledged: Attempt | undefined;
  readonly lastIntact: Attempt | undefined;
  /** Ids that are of no attempt of ours. */
  readonly foreign: readonly string[];
  /** Is there any row of an attempt of ours? */
  readonly ours: boolean;
  /** What each row means that is there and must not be. */
  readonly forbidden: readonly Reason[];
}

const NOTHING: Readonly<Record<keyof Counts, number>> = {
  attempted: 0,
  acknowledged: 0,
  rejected: 0,
  indeterminate: 0,
  intact: 0,
  lost: 0,
  corrupt: 0,
  unexpected: 0,
  recovered: 0,
};
const NOT_READ = { intact: null, lost: null, corrupt: null, unexpected: null, recovered: null };

function compare(attempts: Iterable<Attempt>, { rows, baseline, forbidden }: Observation): Reading {
  const payloads = payloadsOf(rows ?? []);
  const unknown = new Set(payloads.keys());
  const counts = { ...NOTHING };
  const firstBad: string[] = [];
  let lastAcknowledged: Attempt | undefined;
  let lastIntact: Attempt | undefined;
  for (const attempt of attempts) {
    const { marker, end } = attempt;
    const state = stateOf(marker, payloads.get(marker.id));
    unknown.delete(marker.id);
    counts.attempted++;
    counts[end]++;
    if (end === 'acknowledged') {
      counts[state]++;
      lastAcknowledged = attempt;
      if (state === 'intact') lastIntact = attempt;
      else if (firstBad.length < FIRST) firstBad.push(marker.id);
    } else if (end === 'indeterminate' && state === 'intact') counts.recovered++;
    else if (state !== 'lost' && !baseline.has(marker.id)) counts.unexpected++;
  }
  const foreign = [...unknown];
  counts.unexpected += foreign.filter((id) => !baseline.has(id)).length;
  return {
    counts,
    firstBad,
    lastAcknowledged,
    lastIntact,
    foreign,
    ours: foreign.length < payloads.size,
    forbidden: [...(forbidden ?? [])].filter(([id]) => payloads.has(id)).map(([, reason]) => reason),
  };
}

function stateOf(marker: Marker, payload: string | null | undefined): 'intact' | 'lost' | 'corrupt' {
  if (payload === undefined) return 'lost';
  return payload === marker.payload ? 'intact' : 'corrupt';
}

/** What each id came back with; `null`: with this and that. */
function payloadsOf(rows: readonly ReadRow[]): Map<string, string | null> {
  const payloads = new Map<string, string | null>();
  for (const { id, payload } of rows) {
    const isOther = payloads.has(id) && payloads.get(id) !== payload;
    payloads.set(id, isOther ? null : payload);
  }
  return payloads;
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
  if (reading.counts.lost > 0) findings.push(missing(reading, observation));
  if (reading.counts.corrupt > 0) findings.push({ verdict: 'corrupt', reason: 'rows-changed' });
  for (const reason of reading.forbidden) findings.push({ verdict: 'stale', reason });
  if (observation.own === 'lost') findings.push(ownMissing(reading, observation));
  if (!observation.proven) findings.push({ verdict: 'unknown', reason: 'not-proven' });
  if (reading.counts.acknowledged === 0) findings.push({ verdict: 'unknown', reason: 'no-markers' });
  if (observation.own === 'unknown') findings.push({ verdict: 'unknown', reason: 'own-data-undecided' });
  const survived: DataFinding = { verdict: 'survived', reason: null };
  const rank = (finding: DataFinding) => DATA_VERDICTS.indexOf(finding.verdict);
  return findings.reduce((worst, next) => (rank(next) < rank(worst) ? next : worst), findings[0] ?? survived);
}

/** Rows elsewhere excuse a loss only while their source still exists and none of ours is served. */
function missing(reading: Reading, observation: Observation): DataFinding {
  const isThere = observation.sourceReplaced || observation.leftBehind === true;
  if (!isThere || reading.ours) return { verdict: 'lost', reason: 'rows-missing' };
  // The baseline as well: an image brings the same rows along each time.
  if (reading.foreign.length > 0) return { verdict: 'stale', reason: 'rows-from-elsewhere' };
  return { verdict: 'hidden', reason: observation.sourceReplaced ? 'source-replaced' : 'left-behind' };
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

/** A hole before the last intact row is no span of time at the end: `null`. */
function rpoOf({ counts, lastAcknowledged, lastIntact }: Reading): number | null {
  if (lastAcknowledged === undefined) return null;
  if (counts.lost + counts.corrupt === 0) return 0;
  if (lastIntact === undefined || lastIntact === lastAcknowledged) return null;
  return timeOf(lastAcknowledged) - timeOf(lastIntact);
}

function timeOf(attempt: Attempt): number {
  return attempt.endedAt ?? attempt.attemptedAt;
}
