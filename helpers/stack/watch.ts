import type Dockerode from 'dockerode';

/**
 * Checks once, and again after each event of the project's containers, until `check` gives something.
 * @throws the reason of `signal` when it aborts first.
 */
export async function untilEvent<T>(
  docker: Dockerode,
  project: string,
  check: () => Promise<T | undefined>,
  signal: AbortSignal,
): Promise<T> {
  signal.throwIfAborted();
  // Listening begins before the first check, so that nothing happens unseen between the two.
  const events = await docker.getEvents({
    filters: JSON.stringify({ type: ['container'], label: [`com.docker.compose.project=${project}`] }),
  });
  let wake = nextWake();
  events.on('data', () => wake.resolve());
  events.on('error', (error: Error) => wake.reject(error));
  events.on('end', () => wake.reject(new Error('The engine closed its event stream.')));
  const aborted = Promise.withResolvers<never>();
  aborted.promise.catch(() => {});
  const abort = (): void => aborted.reject(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  try {
    for (;;) {
      const found = await Promise.race([check(), aborted.promise]);
      if (found !== undefined) return found;
      await Promise.race([wake.promise, aborted.promise]);
      wake = nextWake();
    }
  } finally {
    signal.removeEventListener('abort', abort);
    (events as NodeJS.ReadableStream & { destroy(): void }).destroy();
  }
}

/** The engine may end while nobody waits, as during a check; whoever waits next hears of it. */
function nextWake(): PromiseWithResolvers<void> {
  const wake = Promise.withResolvers<void>();
  wake.promise.catch(() => {});
  return wake;
}
