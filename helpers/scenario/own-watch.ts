import { untilSettled } from '../stack/settle.ts';
import type { RunningStack } from '../stack/stack.ts';
import type { StoreDefinition } from '../stores/store.ts';
import { compareOwn, shrunk, type OwnData, type OwnGroup } from '../verdict/own-data.ts';
import type { Probe } from '../probe/probe.ts';

/** Follows what the app itself keeps in the stores of one stack, from one disruption to the next. */
export class OwnWatch {
  readonly #stores: readonly StoreDefinition[];
  readonly #signal: AbortSignal;
  /** What the last look has found in each store that could be looked at. */
  readonly #last = new Map<string, readonly OwnGroup[]>();
  /** By store, the groups that have lost entries while nothing happened. */
  readonly #fickle = new Map<string, ReadonlySet<string>>();
  /** By store, why it could not be looked at. */
  readonly #blind = new Map<string, string>();

  constructor(stores: readonly StoreDefinition[], signal: AbortSignal) {
    this.#stores = stores;
    this.#signal = signal;
  }

  /** A look while all is calm: what has gone since the last one comes and goes by itself. */
  async look(probes: ReadonlyMap<string, Probe>): Promise<void> {
    await Promise.all(
      this.#stores.map(async (store) => {
        const before = this.#last.get(store.id) ?? [];
        this.#last.delete(store.id);
        try {
          const groups = await probes.get(store.service)?.own(store);
          this.#blind.delete(store.id);
          if (!groups) return;
          const fickle = this.#fickle.get(store.id) ?? [];
          this.#fickle.set(store.id, new Set([...fickle, ...shrunk(before, groups)]));
          this.#last.set(store.id, groups);
        } catch (error) {
          this.#signal.throwIfAborted();
          this.#blind.set(store.id, String(error));
        }
      }),
    );
  }

  /** Services without a health check may not have come as far as their data yet. Does not wait where the app keeps none. */
  async settled(stack: RunningStack): Promise<void> {
    if (this.#stores.some((store) => this.follows(store))) await untilSettled(stack, this.#signal);
  }

  /** Was there anything of the app's own at the last look? */
  follows({ id }: StoreDefinition): boolean {
    return holdAny(this.#last.get(id) ?? []);
  }

  /** Why it is not followed; `null`: nothing keeps it from that. */
  blindness({ id }: StoreDefinition): string | null {
    return this.#blind.get(id) ?? null;
  }

  /** What became of it since the last look. `null`: there was nothing. */
  compare(store: StoreDefinition, after: readonly OwnGroup[] | null): OwnData | null {
    if (!this.follows(store)) return null;
    const before = this.#last.get(store.id) ?? [];
    if (after) this.#last.set(store.id, after);
    return compareOwn(before, after, this.#fickle.get(store.id) ?? new Set());
  }
}

function holdAny(groups: readonly OwnGroup[]): boolean {
  return groups.some(({ count }) => count > 0);
}
