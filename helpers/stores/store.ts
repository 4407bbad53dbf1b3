import type { Marker, ReadRow } from '../verdict/model.ts';

export const STORE_KINDS = ['sqlite', 'files', 'git', 'http'] as const;
export type StoreKind = (typeof STORE_KINDS)[number];

/** Where a store lives, as the configuration says it. JSON-safe: it travels to the agent inside the container. */
export type StoreDefinition =
  | { readonly id: string; readonly kind: 'sqlite'; readonly service: string; readonly path: string }
  | { readonly id: string; readonly kind: 'files'; readonly service: string; readonly path: string }
  | { readonly id: string; readonly kind: 'git'; readonly service: string; readonly path: string }
  | {
      readonly id: string;
      readonly kind: 'http';
      readonly service: string;
      /** Where the app keeps the rows; decides the layer. */
      readonly path: string;
      /** POST creates a row here, GET lists all rows as a JSON array. Reached from inside the service. */
      readonly url: string;
      /** The JSON body of the POST; `{id}` and `{payload}` are replaced in its string values. */
      readonly write: Readonly<Record<string, unknown>>;
      /** The keys that hold id and payload in a listed row. */
      readonly read: { readonly id: string; readonly payload: string };
    };

export interface Integrity {
  readonly ok: boolean;
  readonly detail: string;
}

/** What the agent knows of its place. */
export interface DriverContext {
  /** Argument vector that starts the toolbox's own git. */
  readonly git: readonly string[];
  /** Owner of `path`, or of its nearest parent that exists. */
  owner(path: string): { readonly uid: number; readonly gid: number };
  /** Runs the *synchronous* function with the effective ids of the owner of `path`. */
  asOwner<T>(path: string, run: () => T): T;
}

/**
 * One open store, inside the container. A driver acknowledges only what is durable by the store's own rules.
 * @throws whatever the store throws; the harness decides what that means.
 */
export interface OpenStore {
  /** `false`: the store refused and has certainly not kept the row. A throw leaves the end indeterminate. */
  write(marker: Marker): Promise<boolean>;
  /** Every marker-shaped row (id beginning `o-`), in any order. An absent place has no rows. */
  read(): Promise<ReadRow[]>;
  /** Takes a row away for good; `false` as for `write`. Absent where the kind has no one way to delete. */
  readonly remove?: (marker: Marker) => Promise<boolean>;
  integrity(): Promise<Integrity>;
  close(): Promise<void>;
}
