/** The vocabulary of verdicts. Types and tables alone. */
import type { OwnVerdict } from './own-data.ts';

export const LAYERS = ['named-volume', 'bind', 'anonymous-volume', 'container', 'tmpfs', 'image'] as const;
/** What held the bytes. */
export type Layer = (typeof LAYERS)[number];

/** Worst first. */
export const DATA_VERDICTS = ['lost', 'corrupt', 'stale', 'hidden', 'unknown', 'survived'] as const;
export type DataVerdict = (typeof DATA_VERDICTS)[number];

/** Worst first. */
export const SERVICE_VERDICTS = ['unknown', 'unavailable', 'unwritable', 'up'] as const;
export type ServiceVerdict = (typeof SERVICE_VERDICTS)[number];

/** Worst first: the worst of data and service. */
export const OUTCOMES = [
  'lost',
  'corrupt',
  'stale',
  'hidden',
  'unknown',
  'unavailable',
  'unwritable',
  'survived',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Why a cell is not a plain `survived`. */
export const REASONS = {
  'not-read': 'The store could not be read back.',
  'checker-failed': 'The check itself failed.',
  'not-proven': 'The disruption has no proof that it happened.',
  'no-markers': 'Nothing was acknowledged, so nothing could be shown to survive.',
  'host-died': 'The engine stopped answering.',
  timeout: 'The time allowed ran out.',
  'rows-missing': 'Acknowledged rows are gone.',
  'rows-changed': 'Acknowledged rows came back different.',
  'rows-from-elsewhere': 'The store serves rows that this run never wrote, in place of those it did.',
  'rows-from-after': 'Rows that were written after the backup had ended came back.',
  'deleted-restored': 'Rows that were deleted before the backup came back.',
  'decoy-restored': 'Rows that were planted after the backup came back: the source, or something of it, was not gone.',
  'own-data-gone': 'What the app itself had kept there is gone, though the rows of this run are not.',
  'own-data-undecided':
    'Part of what the app itself had kept there is gone; whether it was lost or the app removed it cannot be told.',
  'source-replaced': 'The rows are on a volume that still exists but is no longer mounted.',
  'left-behind': 'The rows are where they were, and the later version does not look there.',
  'borrowed-time': "The bytes lie in the container's own layer: the next recreation loses them.",
  'other-service-down': 'Another service, no store of which is watched, did not come back.',
  'not-running': 'The service did not come back.',
  'not-ready': 'The service runs but is not ready.',
  'write-refused': 'The service came back but cannot write.',
  'needs-host': 'This kind of host cannot be disrupted that way.',
  'needs-build': 'No service is built here, so there is nothing to rebuild.',
  'needs-engines': 'There are no two engines of different versions to be had here.',
  'needs-bind': 'The service has no folder of the host that it may write.',
  'no-backup': 'The configuration says of no backup how it is taken and restored.',
  'not-in-backup': 'The backup does not promise this store.',
  'backup-failed': 'The backup command failed.',
  'restore-failed': 'The restore command failed.',
  'nothing-to-compare': 'The backup is older than the run, so none of its rows could be compared.',
  'stack-failed': 'The stack could not be started for this disruption.',
  interrupted: 'The run was interrupted.',
} as const;
export type Reason = keyof typeof REASONS;

/** What a cell goes through, in order; few go through all of them. */
export const STAGES = ['write', 'inject', 'boot', 'restore', 'ready', 'read', 'judge'] as const;
export type Stage = (typeof STAGES)[number];

/** How a write ended. */
export type WriteEnd = 'acknowledged' | 'rejected' | 'indeterminate';

/** A row that Outlast writes. */
export interface Marker {
  /** `o-<nonce>-<store>-<epoch>-<seq>`; unique; letters, digits and `-` alone. */
  readonly id: string;
  readonly epoch: number;
  readonly seq: number;
  readonly payload: string;
  /** SHA-256 of `id\npayload`, hex. */
  readonly hash: string;
}

/** A row as a store gave it back. Rows that are no markers are never reported by a store. */
export interface ReadRow {
  readonly id: string;
  readonly payload: string;
}

/** What the ledger holds of one attempt. */
export interface Attempt {
  readonly store: string;
  readonly marker: Marker;
  readonly end: WriteEnd;
  /** Milliseconds since the epoch of the clock given. */
  readonly attemptedAt: number;
  readonly endedAt: number | null;
  /** How its removal ended, where that was tried. */
  readonly removal?: WriteEnd;
}

/** Acknowledged = intact + lost + corrupt. What was read back is `null` as long as nothing could be read. */
export interface Counts {
  readonly attempted: number;
  readonly acknowledged: number;
  readonly rejected: number;
  readonly indeterminate: number;
  readonly intact: number | null;
  readonly lost: number | null;
  readonly corrupt: number | null;
  readonly unexpected: number | null;
  readonly recovered: number | null;
}

/** What was seen of one store after a disruption. */
export interface Observation {
  /** `null`: the store could not be read. */
  readonly rows: readonly ReadRow[] | null;
  /** Why `rows` is null. */
  readonly readFailure: Reason | null;
  /** Rows that stood there before the first marker: neither ours nor unexpected. */
  readonly baseline: ReadonlySet<string>;
  /** Rows that must not be there, each with what it means if it is; what tells most comes first. Absent: there are none. */
  readonly forbidden?: ReadonlyMap<string, Reason>;
  /** What became of the app's own data. Absent: it was not followed. */
  readonly own?: OwnVerdict;
  /** The source mounted before still exists, and another one (or none) is mounted now. */
  readonly sourceReplaced: boolean;
  /** The service is of a later version that looks elsewhere: the one before it still finds every row. Absent: it is not. */
  readonly leftBehind?: boolean;
  /** The store's own integrity check; extra evidence. `null`: not run. */
  readonly integrity: { readonly ok: boolean; readonly detail: string } | null;
  readonly service: ServiceVerdict;
  readonly serviceReason: Reason | null;
  /** Did the disruption prove that it happened? */
  readonly proven: boolean;
}

export interface Judgement {
  readonly data: DataVerdict;
  readonly service: ServiceVerdict;
  readonly outcome: Outcome;
  readonly reason: Reason | null;
  /** Why the service is not up, whatever became of the data. */
  readonly serviceReason: Reason | null;
  readonly counts: Counts;
  /** Ids of up to ten lost or corrupt rows, in the order of writing. */
  readonly firstLost: readonly string[];
  /** Ids of up to ten rows that are none of ours. */
  readonly firstForeign: readonly string[];
  /** Milliseconds between the last intact and the last acknowledged row; 0 when nothing was lost; `null` when not measured. */
  readonly rpoMs: number | null;
}

/** What a cell says of which nothing was measured. */
export const UNMEASURED = {
  predicted: null,
  outcome: 'unknown',
  data: 'unknown',
  service: 'unknown',
  expected: [],
  acceptedBy: null,
  attempted: 0,
  acknowledged: 0,
  rejected: 0,
  indeterminate: 0,
  intact: null,
  lost: null,
  corrupt: null,
  unexpected: null,
  recovered: null,
  rpoMs: null,
  rtoMs: null,
  durationMs: null,
  proof: { before: {}, after: {}, changed: [], unchanged: [] },
} as const;
