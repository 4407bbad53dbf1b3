import type { Attempt, Reason } from './model.ts';

/** When the backup was taken, on the clock of the attempts. */
export interface BackupSpan {
  readonly beganAt: number;
  readonly endedAt: number;
  /** Rows of this epoch were planted after the backup. */
  readonly decoyEpoch: number;
}

/** What a row is to a backup. */
export type Relation = 'before' | 'during' | 'after' | 'deleted' | 'decoy';

/** The attempts on one store as a restore has to be judged by them. */
export interface RestoreExpectation {
  /** What must be back; what may be (its end is `indeterminate`). */
  readonly attempts: readonly Attempt[];
  /** What must not, each with what it means if it is. */
  readonly forbidden: ReadonlyMap<string, Reason>;
  readonly counts: Readonly<Record<Relation, number>>;
}

/**
 * Sorts attempts by what they are to a backup. Pure.
 * Acknowledged before it began: must come back. Attempted after it ended: must be absent. Anything between: either is fine.
 */
export function expectRestored(attempts: readonly Attempt[], span: BackupSpan): RestoreExpectation {
  const sorted = Map.groupBy(attempts, (attempt) => relationOf(attempt, span));
  const of = (relation: Relation): readonly Attempt[] => sorted.get(relation) ?? [];
  const forbid = (relation: Relation, reason: Reason) => of(relation).map(({ marker }) => [marker.id, reason] as const);
  const kept = new Set([...of('before'), ...of('during')]);
  return {
    attempts: attempts
      .filter((attempt) => kept.has(attempt))
      .map((attempt) => (isOpen(attempt, span) ? { ...attempt, end: 'indeterminate' } : attempt)),
    forbidden: new Map([
      ...forbid('decoy', 'decoy-restored'),
      ...forbid('after', 'rows-from-after'),
      ...forbid('deleted', 'deleted-restored'),
    ]),
    counts: {
      before: of('before').length,
      during: of('during').length,
      after: of('after').length,
      deleted: of('deleted').length,
      decoy: of('decoy').length,
    },
  };
}

function relationOf(attempt: Attempt, { beganAt, endedAt, decoyEpoch }: BackupSpan): Relation {
  if (attempt.marker.epoch === decoyEpoch) return 'decoy';
  if (attempt.removal === 'acknowledged') return 'deleted';
  // In the millisecond of a mark nobody can tell which came first: that counts as between.
  if (attempt.attemptedAt > endedAt) return 'after';
  return attempt.endedAt !== null && attempt.endedAt < beganAt ? 'before' : 'during';
}

/** Acknowledged, and yet it may be missing. */
function isOpen(attempt: Attempt, span: BackupSpan): boolean {
  if (attempt.end !== 'acknowledged') return false;
  return attempt.removal === 'indeterminate' || relationOf(attempt, span) === 'during';
}
