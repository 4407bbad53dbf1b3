import type { ContainerStart, Integrity, StoreDefinition } from '../stores/store.ts';
import type { Marker, ReadRow } from '../verdict/model.ts';
import type { OwnGroup } from '../verdict/own-data.ts';
import type { Entry } from '../verdict/permissions.ts';
import type { FoundData } from './find-data.ts';
import type { Identity } from './identity.ts';
import type { Answering, HealthResult, PathKind } from './probe.ts';

/** What is asked of the agent, by operation, and what it answers. */
export interface Operations {
  /** The first: what the agent cannot see by itself. */
  meet: { ask: { container: ContainerStart }; answer: null };
  /** Several rows only of a kind that keeps all or none. */
  write: { ask: { store: StoreDefinition; markers: readonly Marker[] }; answer: boolean };
  /** `null`: this kind of store removes nothing. */
  remove: { ask: { store: StoreDefinition; marker: Marker }; answer: boolean | null };
  read: { ask: { store: StoreDefinition }; answer: ReadRow[] };
  /** `null`: this kind of store cannot tell. */
  own: { ask: { store: StoreDefinition }; answer: OwnGroup[] | null };
  integrity: { ask: { store: StoreDefinition }; answer: Integrity | null };
  answers: { ask: { store: StoreDefinition; timeoutMs: number }; answer: Answering };
  writable: { ask: { path: string }; answer: boolean };
  mainIdentity: { ask: object; answer: Identity };
  findData: { ask: { places: readonly string[]; added: readonly string[] }; answer: FoundData };
  kindAt: { ask: { path: string }; answer: PathKind };
  owners: { ask: { path: string }; answer: Entry[] };
  health: { ask: { test: readonly string[]; timeoutMs: number }; answer: HealthResult };
}

export type Operation = keyof Operations;

/** One line of JSON to the agent. */
export type Request = { [K in Operation]: { readonly id: number; readonly op: K } & Operations[K]['ask'] }[Operation];

export type Answer = Operations[Operation]['answer'];

/** One line of JSON from the agent, in the order in which answers come. Of many rows the last are the answer, and the others come before it. */
export type Reply =
  | { readonly id: number; readonly rows: readonly ReadRow[] }
  | { readonly id: number; readonly ok: true; readonly value: Answer }
  | { readonly id: number; readonly ok: false; readonly error: string };
