import { hash } from 'node:crypto';
import type { Marker } from './model.ts';

export interface MarkerKey {
  /** The same seed gives the same payloads. */
  readonly seed: string;
  /** Tells this run's rows from those of any other. */
  readonly nonce: string;
  readonly store: string;
  /** One per disruption. */
  readonly epoch: number;
  readonly seq: number;
}

const PAYLOAD_LENGTH = 120;

/** The marker of this key; always the same one. */
export function makeMarker({ seed, nonce, store, epoch, seq }: MarkerKey): Marker {
  const id = `o-${plain(nonce)}-${plain(store)}-${epoch}-${seq}`;
  const payload = [0, 1, 2].map((part) => sha256(`${seed}\n${id}\n${part}`, 'base64url')).join('');
  const cut = payload.slice(0, PAYLOAD_LENGTH);
  return { id, epoch, seq, payload: cut, hash: hashOf({ id, payload: cut }) };
}

/** SHA-256 of `id\npayload`, hex. */
export function hashOf(row: { readonly id: string; readonly payload: string }): string {
  return sha256(`${row.id}\n${row.payload}`, 'hex');
}

/** Letters, digits and `-` alone; names that differ stay different. */
function plain(name: string): string {
  const kept = name.replaceAll(/[^A-Za-z0-9-]/g, '-');
  return kept === name ? name : `${kept}-${sha256(name, 'hex').slice(0, 8)}`;
}

function sha256(text: string, encoding: 'hex' | 'base64url'): string {
  return hash('sha256', text, encoding);
}
