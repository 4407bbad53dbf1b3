import type { Proof } from '../stack/proof.ts';
import type { StoreKind } from '../stores/store.ts';
import type { Span } from './timeline.ts';
import type { OwnData } from '../verdict/own-data.ts';
import type { Counts, DataVerdict, Layer, Outcome, Reason, ServiceVerdict } from '../verdict/model.ts';

/** A line of evidence: what was done or seen, in words or as the tool said it. */
export interface Evidence {
  readonly kind: 'command' | 'rows' | 'integrity' | 'log' | 'note';
  readonly text: string;
}

/** One store after one disruption; a cell of the report. Times in milliseconds; not measured is `null`. */
export interface CellRecord extends Counts {
  readonly disruption: string;
  /** What happens, in a few words. */
  readonly title: string;
  readonly store: string;
  readonly host: string;
  readonly status: 'ran' | 'not-applicable' | 'not-run';
  readonly predicted: Outcome | null;
  readonly outcome: Outcome;
  readonly data: DataVerdict;
  readonly service: ServiceVerdict;
  readonly expected: readonly Outcome[];
  readonly ok: boolean;
  readonly acceptedBy: string | null;
  readonly reason: Reason | null;
  readonly rpoMs: number | null;
  /** From the start of the disruption to the first complete read. */
  readonly rtoMs: number | null;
  readonly durationMs: number | null;
  /** Absent where nothing ran. */
  readonly timeline?: readonly Span[];
  /** What became of the app's own data. `null` or absent: there was none, or it was not followed. */
  readonly own?: OwnData | null | undefined;
  /** Services no store of which is watched, and that did not come back; the same for all stores. Absent: there were none. */
  readonly outages?: readonly string[] | undefined;
  readonly proof: Proof;
  readonly evidence: readonly Evidence[];
}

/** A store as it stands in the stack before anything happened. */
export interface StoreRecord {
  readonly id: string;
  readonly kind: StoreKind;
  readonly service: string;
  readonly path: string;
  readonly layer: Layer;
  readonly source: string;
  readonly writer: 'app' | 'probe';
}
