import { OutlastError } from '../errors.ts';
import { openAmbientHost } from './ambient-host.ts';
import { findEngineLadder } from './engine/engine-ladder.ts';
import type { Host, HostKind } from './host.ts';
import { canHavePrivateHost, PrivateHost } from './private-host.ts';

export interface OpenHostOptions {
  /** Chosen by what the machine allows when absent. */
  readonly kind?: HostKind | undefined;
  readonly home: string;
  readonly runId: string;
  readonly signal?: AbortSignal | undefined;
}

/** Opens a host to run on: one of our own wherever it can be had, else the user's engine. */
export async function openHost({ kind, home, runId, signal }: OpenHostOptions): Promise<Host> {
  signal?.throwIfAborted();
  if (kind === 'ambient') return openAmbientHost(home, runId, signal);
  if (canHavePrivateHost()) {
    try {
      return await PrivateHost.open({ home, signal });
    } catch (error) {
      const replaceable = error instanceof OutlastError && REPLACEABLE.has(error.code);
      if (kind === 'private' || !replaceable) throw error;
      return openAmbientInstead(home, runId, signal, error);
    }
  }
  const cause = new OutlastError('HOST_CANNOT', 'A private host needs Linux and root.');
  if (kind === 'private') throw cause;
  return openAmbientInstead(home, runId, signal, cause);
}

/** A private host that begins with the oldest engine that can be had, and can be upgraded. `null`: there are no two of different versions. */
export async function openOldestHost(home: string, signal?: AbortSignal): Promise<Host | null> {
  const [toolchain, ...newer] = await findEngineLadder(home, signal);
  if (!toolchain || newer.length === 0) return null;
  return PrivateHost.open({ home, signal, toolchain, newer });
}

/** Faults of a private host that another host can make up for. */
const REPLACEABLE: ReadonlySet<string> = new Set(['ENGINE_UNAVAILABLE', 'HOST_BOOT_FAILED']);

async function openAmbientInstead(
  home: string,
  runId: string,
  signal: AbortSignal | undefined,
  cause: OutlastError,
): Promise<Host> {
  try {
    return await openAmbientHost(home, runId, signal);
  } catch (error) {
    if (!(error instanceof OutlastError && error.code === 'NO_ENGINE')) throw error;
    const detail = [cause.message, cause.detail].filter(Boolean).join('\n');
    throw new OutlastError('NO_ENGINE', `${error.message} A private engine is not possible either.`, { detail, cause });
  }
}
