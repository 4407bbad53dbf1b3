import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { RefusedLogin } from '../stores/server.ts';
import type { OpenStore } from '../stores/store.ts';
import type { Answering } from './probe.ts';

/** Between two questions: each is a line in the log of a server that is starting. */
const PAUSE_MS = 25;

/** Asks a store's server again and again until it answers, refuses the login, or the time is over. */
export async function untilAnswers(store: OpenStore, timeoutMs: number, signal: AbortSignal): Promise<Answering> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      await store.answers?.();
      return { answers: true, refused: false, output: '' };
    } catch (error) {
      const refused = error instanceof RefusedLogin;
      if (refused || signal.aborted || performance.now() >= deadline)
        return { answers: false, refused, output: error instanceof Error ? error.message : String(error) };
      await delay(PAUSE_MS);
    }
  }
}
