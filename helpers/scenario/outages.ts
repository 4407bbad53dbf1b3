import { serviceOf } from '../stack/attestation.ts';
import type { Fact } from '../stack/proof.ts';
import type { RunningStack, ServiceState } from '../stack/stack.ts';
import type { StoreDefinition } from '../stores/store.ts';
import { lastWords } from './last-words.ts';
import type { Evidence } from './record.ts';

/** Services no store of which is watched, that ran before a disruption and did not come back. No cell would tell of them. */
export interface Outages {
  readonly services: readonly string[];
  readonly evidence: readonly Evidence[];
}

export const NO_OUTAGES: Outages = { services: [], evidence: [] };

/**
 * @param factsBefore as `RunningStack.attest` gives them
 * @param states of the services after the disruption; of those that are not in it nothing is known
 * @throws Error when the engine does not answer
 */
export async function findOutages(
  stack: RunningStack,
  stores: readonly StoreDefinition[],
  factsBefore: readonly Fact[],
  states: ReadonlyMap<string, ServiceState>,
): Promise<Outages> {
  const withStore = new Set(stores.map(({ service }) => service));
  const down = [...states].filter(([service, state]) => state !== 'up' && !withStore.has(service));
  if (down.length === 0) return NO_OUTAGES;
  const startedBefore = new Map(
    factsBefore.filter(({ kind }) => kind === 'started').map(({ subject, value }) => [subject, value]),
  );
  const containers = new Map((await stack.containers()).map((container) => [serviceOf(container), container]));
  const out = down.filter(([service]) => {
    const started = startedBefore.get(service);
    if (started === undefined) return false;
    // A job that was at work before may have done all of it by now.
    const state = containers.get(service)?.State;
    return !(state && !state.Running && state.ExitCode === 0 && state.StartedAt !== started);
  });
  const told = out.map(async ([service, state]): Promise<Evidence[]> => {
    const what = state === 'not-running' ? 'did not come back' : 'came back and is not ready';
    const log = await lastWords(stack.project, service);
    return [
      { kind: 'note', text: `${service}, no store of which is watched, ${what}` },
      ...(log === null ? [] : [{ kind: 'log' as const, text: log }]),
    ];
  });
  return { services: out.map(([service]) => service), evidence: (await Promise.all(told)).flat() };
}
