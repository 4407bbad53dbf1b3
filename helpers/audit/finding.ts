import { createHash } from 'node:crypto';

export const SEVERITIES = ['error', 'warning', 'info'] as const;
/** Worst first. */
export type Severity = (typeof SEVERITIES)[number];

/** A line of a file of the user's. */
export interface Location {
  /** Absolute. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** A fault of the stack that a rule found; an entry of the report's `findings`. */
export interface Finding {
  readonly rule: string;
  /** Number of the hazard in docs/audit.md; `null` where it is none of them. */
  readonly hazard: string | null;
  readonly severity: Severity;
  readonly service: string | null;
  /** Relative to the project's folder. */
  readonly file: string | null;
  readonly line: number | null;
  /** Where the data lies: a path inside the service, or what else the finding is about. */
  readonly path: string | null;
  readonly title: string;
  /** What happens to the data. */
  readonly why: string;
  readonly fix: string;
  /** The user's own lines; `null` where the finding has no line. */
  readonly excerpt: string | null;
  /** The same for the same fault, wherever its line moves to. */
  readonly fingerprint: string;
}

export function fingerprintOf(...parts: readonly (string | null)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}
