import { setTimeout as delay } from 'node:timers/promises';
import { healthTestOf, type RunningStack } from './stack.ts';

/** Nobody says when a service without a health check has done the work of its start: it is taken to be over after this. */
const SETTLED_MS = 2000;

/** Waits until each service without a health check has run for a while. */
export async function untilSettled(stack: RunningStack, signal?: AbortSignal): Promise<void> {
  const running = (await stack.containers()).filter(({ State }) => State.Running);
  const ages = running
    .filter((container) => healthTestOf(container).length === 0)
    .map(({ State }) => Date.now() - Date.parse(State.StartedAt));
  const wait = SETTLED_MS - Math.min(SETTLED_MS, ...ages);
  if (wait > 0) await delay(Math.min(wait, SETTLED_MS), undefined, signal ? { signal } : {});
}
