import type { Probe } from '../probe/probe.ts';
import type { StoreDefinition } from '../stores/store.ts';
import { makeMarker } from '../verdict/marker.ts';
import { writeMarker, type ScenarioSetting } from './scenario.ts';

/** Writes to one store, one row after the other, and goes on while something else happens. */
export class Writer {
  readonly #setting: ScenarioSetting;
  readonly #store: StoreDefinition;
  readonly #probe: Probe;
  readonly #epoch: number;
  #seq = 0;
  #stopped = true;
  #working: Promise<void> = Promise.resolve();

  constructor(setting: ScenarioSetting, store: StoreDefinition, probe: Probe, epoch: number) {
    this.#setting = setting;
    this.#store = store;
    this.#probe = probe;
    this.#epoch = epoch;
  }

  async write(count: number): Promise<void> {
    for (let left = count; left > 0; left--) await this.#writeOne();
  }

  /** Writes rows and takes them away again, where the store can do that. */
  async writeAndRemove(count: number): Promise<void> {
    const { seed, nonce, ledger, signal } = this.#setting;
    const first = this.#seq;
    await this.write(count);
    for (let seq = first; seq < first + count; seq++) {
      signal.throwIfAborted();
      const marker = makeMarker({ seed, nonce, store: this.#store.id, epoch: this.#epoch, seq });
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
      // A store that cannot be reached any more is left alone.
      if (!(await this.#writeOne())) return;
      onRow();
    }
  }

  async #writeOne(): Promise<boolean> {
    this.#setting.signal.throwIfAborted();
    const end = await writeMarker(this.#setting, this.#probe, this.#store, this.#epoch, this.#seq++);
    return end === 'acknowledged' || end === 'rejected';
  }
}
