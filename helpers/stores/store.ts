import type { Marker, ReadRow } from '../verdict/model.ts';
import type { OwnGroup } from '../verdict/own-data.ts';

export const STORE_KINDS = ['sqlite', 'files', 'git', 'http', 'postgres', 'mysql', 'redis', 'command'] as const;
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
    }
  | ({ readonly kind: 'postgres' } & ServerDefinition)
  | ({ readonly kind: 'mysql' } & ServerDefinition)
  | ({ readonly kind: 'redis' } & ServerDefinition)
  | {
      readonly id: string;
      readonly kind: 'command';
      readonly service: string;
      /** Where the data lies; decides the layer. */
      readonly path: string;
      /** Argument vectors, run in the service; no shell reads them. */
      readonly write: readonly string[];
      readonly read: readonly string[];
      readonly integrity?: readonly string[] | undefined;
    };

/** Kinds whose rows a process of the service hands out: nobody beside it can read them, and it has to answer first. */
const SERVED: ReadonlySet<StoreKind> = new Set(['http', 'postgres', 'mysql', 'redis', 'command']);

export function isServed({ kind }: { readonly kind: StoreKind }): boolean {
  return SERVED.has(kind);
}

/** Kinds that keep several rows at once either all or not at all: in one transaction, or by one command that is one. */
const TRANSACTIONAL: ReadonlySet<StoreKind> = new Set(['sqlite', 'postgres', 'mysql', 'redis']);

export function isTransactional({ kind }: StoreDefinition): boolean {
  return TRANSACTIONAL.has(kind);
}

/** A database server in the service's container. What is not said is what the container's own environment says. */
interface ServerDefinition {
  readonly id: string;
  readonly service: string;
  /** The server's data folder; decides the layer. */
  readonly path: string;
  /** In the place of everything below; reached from inside the service. */
  readonly url?: string | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** Of `redis` the number. */
  readonly database?: string | undefined;
}

export interface Integrity {
  readonly ok: boolean;
  readonly detail: string;
}

/** As the engine starts whatever is executed in the container. */
export interface ContainerStart {
  /** Program and arguments of the main process, before it made anything of them. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

interface MainProcess {
  readonly program: string;
  readonly uid: number;
  readonly gid: number;
  readonly cwd: string;
}

/** What the agent knows of its place. */
export interface DriverContext {
  /** Argument vector that starts the toolbox's own git. */
  readonly git: readonly string[];
  /** What the container was started with. */
  readonly container: ContainerStart;
  /** The container's main process, as it is now: its name, and what it may do. */
  main(): MainProcess;
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
  /** Several rows, all of them or none; ends as `write` does. Absent where the kind has no transactions. */
  readonly writeAll?: (markers: readonly Marker[]) => Promise<boolean>;
  /** Every marker-shaped row (id beginning `o-`), in any order. An absent place has no rows. */
  read(): Promise<ReadRow[]>;
  /** Takes a row away for good; `false` as for `write`. Absent where the kind has no one way to delete. */
  readonly remove?: (marker: Marker) => Promise<boolean>;
  /** What the app itself keeps there, without what is ours and without what comes and goes by design. Absent where the kind cannot tell. */
  readonly own?: () => Promise<OwnGroup[]>;
  /** `null`: there is no check, or it cannot be had here. */
  integrity(): Promise<Integrity | null>;
  /**
   * Asks the store something that only its real server answers, once. Absent where there is no server.
   * @throws RefusedLogin when asking again is of no use; anything else while the server is not there yet
   */
  readonly answers?: () => Promise<void>;
  close(): Promise<void>;
}
