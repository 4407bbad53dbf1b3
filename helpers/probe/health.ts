import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { identityOf, surroundingsOf } from './identity.ts';
import { listeningSockets } from './listening.ts';
import type { HealthResult } from './probe.ts';

/** Where nothing begins to listen, the pause after a failed attempt is as long as this many attempts: it must not starve the service. */
const PAUSE_FACTOR = 4;
/** How often the pause looks whether something listens: the kernel tells nobody. */
const LOOK_MS = 5;
/** How much of the last attempt's output is kept. */
const OUTPUT_LIMIT = 4096;

interface HealthOptions {
  readonly signal: AbortSignal;
  /** The container's own. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Runs a health check as Docker does (user, environment and folder of process 1), again and again until it passes. */
export async function untilHealthy(
  test: readonly string[],
  timeoutMs: number,
  { signal, env }: HealthOptions,
): Promise<HealthResult> {
  const argv = argvOf(test);
  if (argv === null) return { healthy: true, attempts: 0, output: '' };
  const deadline = performance.now() + timeoutMs;
  let output = '';
  for (let attempts = 1; ; attempts++) {
    const began = performance.now();
    const listening = listeningSockets();
    // For one attempt alone: a signal that nobody listens to may be collected before its time is over.
    const limit = AbortSignal.any([signal, AbortSignal.timeout(Math.max(1, Math.ceil(deadline - began)))]);
    const attempt = await runOnce(argv, env, limit);
    output = attempt.output;
    if (attempt.passed) return { healthy: true, attempts, output };
    const until = Math.min(deadline, performance.now() + PAUSE_FACTOR * (performance.now() - began));
    while (!signal.aborted && performance.now() < until && listeningSockets() === listening) await delay(LOOK_MS);
    if (signal.aborted || performance.now() >= deadline) return { healthy: false, attempts, output };
  }
}

/** The argument vector of a Compose health check; `null` where there is none. Pure. */
export function argvOf([form = 'NONE', ...rest]: readonly string[]): readonly string[] | null {
  if (form === 'NONE') return null;
  if (form === 'CMD') return rest;
  if (form === 'CMD-SHELL') return ['/bin/sh', '-c', ...rest];
  return [form, ...rest];
}

async function runOnce(
  argv: readonly string[],
  env: HealthOptions['env'],
  signal: AbortSignal,
): Promise<{ passed: boolean; output: string }> {
  const [program = '', ...args] = argv;
  const { uid, gid } = identityOf(1);
  const ids = process.getuid?.() === 0 ? { uid, gid } : {};
  const surroundings = surroundingsOf(1);
  const child = spawn(program, args, {
    cwd: surroundings.cwd,
    // Some servers write their title over their environment: the container's own is what counts.
    env: { ...surroundings.env, ...env },
    ...ids,
    signal,
    killSignal: 'SIGKILL',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const collect = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-OUTPUT_LIMIT);
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ passed: false, output: `${output}${error.message}` }));
    child.once('exit', (code) => resolve({ passed: code === 0, output }));
  });
}
