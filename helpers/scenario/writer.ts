import type { Probe } from '../probe/probe.ts';
import { isTransactional, type StoreDefinition } from '../stores/store.ts';
import { makeMarker } from '../verdict/marker.ts';
import type { Marker } from '../verdict/model.ts';
import type { ScenarioSetting } from './scenario.ts';

/** More rows than this share writes, where the store keeps all rows of a write or none: each write waits for the disk. */
const WRITES = 1000;

/** Writes to one store, one write after the other, and goes on while something else happens. */
export class Writer {
  readonly #setting: ScenarioSetting;
  readonly #store: StoreDefinition;
  readonly #probe: Probe;
  readonly #epoch: number;
  #seq: number;
  #stopped = true;
  #working: Promise<void> = Promise.resolve();

  /** @param first number of the first row */
  constructor(setting: ScenarioSetting, store: StoreDefinition, probe: Probe, epoch: number, first = 0) {
    this.#setting = setting;
    this.#store = store;
    this.#probe = probe;
    this.#epoch = epoch;
    this.#seq = first;
  }

  /** So many rows, in writes as small as may be. */
  async write(count: number): Promise<void> {
    const together = isTransactional(this.#store) ? Math.ceil(count / WRITES) : 1;
    for (let left = count; left > 0; left -= together) await this.writeNext(Math.min(together, left));
  }

  /**
   * One write. The attempt of each of its rows stands in the ledger before it begins, their end before the next one does.
   * @returns its end, or why that is not known
   */
  async writeNext(count = 1): Promise<string> {
    const { ledger, signal } = this.#setting;
    signal.throwIfAborted();
    const markers = this.#markers(this.#seq, count);
    this.#seq += count;
    ledger.begin(this.#store.id, markers);
    try {
      const end = await this.#probe.write(this.#store, markers);
      ledger.end(this.#store.id, markers, end);
      return end;
    } catch (error) {
      signal.throwIfAborted();
      return String(error);
    }
  }

  /** Writes rows and takes them away again, where the store can do that. */
  async writeAndRemove(count: number): Promise<void> {
    const { ledger, signal } = this.#setting;
    const first = this.#seq;
    await this.write(count);
    for (const marker of this.#markers(first, count)) {
      signal.throwIfAborted();
      ledger.beginRemoval(this.#store.id, marker);
      // A throw leaves the row's fate open, and the ledger says so.
      const end = await this.#probe.remove(this.#store, marker).catch(() => undefined);
      if (end !== undefined) ledger.endRemoval(this.#store.id, marker, end ?? 'rejected');
    }
  }

  /** Resolves when the first row under load has been written. */
  async start(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#stopped = false;
    this.#working = this.#work(resolve).finally(resolve);
    // Thrown again by `stop`.
    this.#working.catch(() => {});
    await promise;
  }

  /** Resolves when the row under way has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#working;
  }

  async #work(onRow: () => void): Promise<void> {
    while (!this.#stopped) {
      const end = await this.writeNext();
      // A store that cannot be reached any more is left alone.
      if (end !== 'acknowledged' && end !== 'rejected') return;
      onRow();
    }
  }

  #markers(first: number, count: number): Marker[] {
    const { seed, nonce } = this.#setting;
    return Array.from({ length: count }, (_, index) =>
      makeMarker({ seed, nonce, store: this.#store.id, epoch: this.#epoch, seq: first + index }),
    );
  }
}
