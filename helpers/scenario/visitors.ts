import type { Probe } from '../probe/probe.ts';
import type { RunningStack } from '../stack/stack.ts';
import { isServed, type StoreDefinition } from '../stores/store.ts';
import type { Layer } from '../verdict/model.ts';

/** What lies on a mount can be seen from beside the service as well. */
const MOUNTED: ReadonlySet<Layer> = new Set(['named-volume', 'bind', 'anonymous-volume']);

/** Agents beside the services that do not run; one for each, opened when it is first asked for. */
export class Visitors implements AsyncDisposable {
  readonly #stack: RunningStack;
  readonly #signal: AbortSignal;
  readonly #opened = new Map<string, Promise<Probe>>();

  constructor(stack: RunningStack, signal: AbortSignal) {
    this.#stack = stack;
    this.#signal = signal;
  }

  /** `null` where the rows are to be had through the app alone, or lie in the container itself. */
  async at(store: StoreDefinition, layer: Layer | undefined): Promise<Probe | null> {
    if (isServed(store) || layer === undefined || !MOUNTED.has(layer)) return null;
    return this.beside(store.service);
  }

  async beside(service: string): Promise<Probe> {
    const opening = this.#opened.get(service) ?? this.#stack.visit(service, this.#signal);
    this.#opened.set(service, opening);
    return opening;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled([...this.#opened.values()].map(async (opening) => (await opening)[Symbol.asyncDispose]()));
  }
}
