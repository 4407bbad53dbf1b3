import type { Marker, ReadRow } from '../verdict/model.ts';
import type { OwnGroup } from '../verdict/own-data.ts';
import { digestOf, grouped } from './own.ts';
import type { DriverContext, Integrity, OpenStore, StoreDefinition } from './store.ts';

type HttpDefinition = StoreDefinition & { kind: 'http' };

/** How long an app may take for an answer, in milliseconds: one that hangs is no reason to hang as well. */
const ANSWER_MS = 10_000;

/** Markers written and read through the app's own API, so that its durability is tested with the data. */
export async function open(definition: HttpDefinition, _context: DriverContext): Promise<OpenStore> {
  return new HttpStore(definition);
}

class HttpStore implements OpenStore {
  readonly #definition: HttpDefinition;

  constructor(definition: HttpDefinition) {
    this.#definition = definition;
  }

  async write(marker: Marker): Promise<boolean> {
    const response = await fetch(this.#definition.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(fillIn(this.#definition.write, marker)),
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    // Read to its end, else the connection is not used again.
    const said = await response.text();
    if (response.ok) return true;
    if (response.status >= 400 && response.status < 500) return false;
    throw new Error(`POST ${this.#definition.url} answered ${response.status}: ${said.slice(0, 500)}`);
  }

  async read(): Promise<ReadRow[]> {
    const { id, payload } = this.#definition.read;
    return (await this.#markers()).map((row) => {
      const value = row[payload];
      return { id: String(row[id]), payload: typeof value === 'string' ? value : (JSON.stringify(value) ?? '') };
    });
  }

  /** What the app lists besides. */
  async own(): Promise<OwnGroup[]> {
    const { id } = this.#definition.read;
    const rows = (await this.#list()).filter((row) => row[id] !== undefined && !isMarker(row[id]));
    return grouped(
      'rows',
      rows.map((row) => ({ group: 'the list', key: digestOf([row[id]]), content: digestOf([row]) })),
    );
  }

  async integrity(): Promise<Integrity> {
    const rows = await this.#markers();
    const { payload } = this.#definition.read;
    const broken = rows.filter((row) => typeof row[payload] !== 'string').length;
    return { ok: broken === 0, detail: `${rows.length - broken} of ${rows.length} rows have "${payload}"` };
  }

  async close(): Promise<void> {}

  /** Rows whose id has the shape of a marker's. */
  async #markers(): Promise<Record<string, unknown>[]> {
    return (await this.#list()).filter((row) => isMarker(row[this.#definition.read.id]));
  }

  async #list(): Promise<Record<string, unknown>[]> {
    const { url } = this.#definition;
    const response = await fetch(url, {
      headers: { accept: 'application/json' },
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`GET ${url} answered ${response.status}: ${text.slice(0, 500)}`);
    const rows: unknown = JSON.parse(text);
    if (!Array.isArray(rows)) throw new Error(`GET ${url} did not answer with a JSON array.`);
    return (rows as (Record<string, unknown> | null)[]).filter((row) => row !== null && typeof row === 'object');
  }
}

function isMarker(id: unknown): boolean {
  return typeof id === 'string' && id.startsWith('o-');
}

/** Puts id and payload in the place of `{id}` and `{payload}`, in strings at any depth. Pure. */
export function fillIn(template: unknown, marker: Pick<Marker, 'id' | 'payload'>): unknown {
  if (typeof template === 'string') {
    return template.replaceAll(/\{(id|payload)\}/g, (_, key: 'id' | 'payload') => marker[key]);
  }
  if (Array.isArray(template)) return template.map((part) => fillIn(part, marker));
  if (template === null || typeof template !== 'object') return template;
  return Object.fromEntries(Object.entries(template).map(([key, value]) => [key, fillIn(value, marker)]));
}
