import type { Integrity, StoreDefinition } from '../stores/store.ts';
import type { Marker, ReadRow } from '../verdict/model.ts';
import type { OwnGroup } from '../verdict/own-data.ts';
import type { Entry } from '../verdict/permissions.ts';
import type { FoundData } from './find-data.ts';
import type { Identity } from './identity.ts';

export interface HealthResult {
  readonly healthy: boolean;
  readonly attempts: number;
  readonly output: string;
}

/** Whether a store's server answers. */
export interface Answering {
  readonly answers: boolean;
  /** It is there and lets nobody in with this login: waiting is of no use. */
  readonly refused: boolean;
  /** Why it does not. */
  readonly output: string;
}

export type PathKind = 'file' | 'folder' | 'absent';

/** The one way into a container's data: an agent `exec`ed in the target itself. Dies with the container. */
export interface Probe extends AsyncDisposable {
  readonly containerId: string;
  /** One write: all of its rows or none. @throws Error for several rows where the kind of store has no transactions */
  write(store: StoreDefinition, markers: readonly Marker[]): Promise<'acknowledged' | 'rejected'>;
  /** `null`: this kind of store removes nothing. */
  remove(store: StoreDefinition, marker: Marker): Promise<'acknowledged' | 'rejected' | null>;
  read(store: StoreDefinition): Promise<ReadRow[]>;
  /** What the app itself keeps there. `null`: this kind of store cannot tell. */
  own(store: StoreDefinition): Promise<OwnGroup[] | null>;
  /** `null`: there is no check, or it cannot be had here. */
  integrity(store: StoreDefinition): Promise<Integrity | null>;
  /** Asks the store's server until it answers, refuses, or the deadline comes. At once where there is no server. */
  answers(store: StoreDefinition, timeoutMs: number): Promise<Answering>;
  /** Could the main process of the container write here? Tried with its effective ids. */
  writable(path: string): Promise<boolean>;
  /** Effective ids of the container's main process. */
  mainIdentity(): Promise<Identity>;
  /** Databases and repositories below folders, and the servers that run. */
  findData(places: readonly string[], added: readonly string[]): Promise<FoundData>;
  /** What lies at a path. A link is followed. */
  kindAt(path: string): Promise<PathKind>;
  /** Whose a path is, with its folder, and the files that begin with its name. What is absent is left out. */
  owners(path: string): Promise<Entry[]>;
  /** Runs the service's own health check in a tight loop until it passes or the deadline comes. */
  health(test: readonly string[], timeoutMs: number): Promise<HealthResult>;
}
