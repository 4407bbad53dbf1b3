import type { Run } from '../cleanup/run.ts';
import { OutlastError } from '../errors.ts';
import { checkEndpoint, openAmbientHost } from './ambient-host.ts';
import { ENGINE_SUITES, ladderOf } from './engine/engine-ladder.ts';
import { findEngine } from './engine/find-engine.ts';
import type { Host, HostKind } from './host.ts';
import { canHavePrivateHost, PrivateHost } from './private-host.ts';

export interface OpenHostOptions {
  /** Chosen by what the machine allows when absent. */
  readonly kind?: HostKind | undefined;
  readonly home: string;
  /** The run that the host belongs to; what it makes on an engine that is not ours goes into its journal first. */
  readonly run: Pick<Run, 'id' | 'note'>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens a host to run on: a private one where it can be had, else a nested one, else the user's engine.
 * @throws OutlastError NOT_LINUX, DOCKER_HOST_INVALID; of a kind that was asked for, its own; else those of the user's engine
 */
export async function openHost(options: OpenHostOptions): Promise<Host> {
  const { kind, signal } = options;
  signal?.throwIfAborted();
  if (process.platform !== 'linux')
    throw new OutlastError('NOT_LINUX', `Outlast cannot run a stack from ${process.platform}.`);
  // Also where the engine is of use for its images alone.
  if (process.env['DOCKER_HOST']) checkEndpoint(process.env['DOCKER_HOST']);
  if (kind !== undefined) return OPEN[kind](options);
  const failures: OutlastError[] = [];
  for (const own of ['private', 'nested'] as const) {
    try {
      return await OPEN[own](options);
    } catch (error) {
      if (!(error instanceof OutlastError && REPLACEABLE.has(error.code))) throw error;
      failures.push(error);
    }
  }
  try {
    return await openAmbientHost(options);
  } catch (error) {
    if (!(error instanceof OutlastError && error.code === 'NO_ENGINE')) throw error;
    const detail = failures.flatMap(({ message, detail: more }) => [message, ...(more === undefined ? [] : [more])]);
    const message = `${error.message} An engine of our own is not possible either.`;
    throw new OutlastError('NO_ENGINE', message, { detail: detail.join('\n'), cause: failures[0] });
  }
}

/** A host of our own that begins with the oldest engine that can be had, and can be upgraded. `null`: there are no two of different versions. */
export async function openOldestHost({
  kind,
  home,
  run,
  signal,
}: OpenHostOptions & { readonly kind: 'private' | 'nested' }): Promise<Host | null> {
  if (kind === 'nested') return (await nested()).open({ home, run, signal, oldest: true });
  const find = async (engineVersionFrom: string | undefined) => findEngine(home, { engineVersionFrom, signal });
  const [toolchain, ...newer] = await ladderOf(ENGINE_SUITES, find, ({ engine }) => engine.version);
  if (!toolchain || newer.length === 0) return null;
  return PrivateHost.open({ home, signal, toolchain, newer });
}

const OPEN: Readonly<Record<HostKind, (options: OpenHostOptions) => Promise<Host>>> = {
  async private({ home, signal }) {
    if (!canHavePrivateHost()) throw new OutlastError('HOST_CANNOT', 'A private host needs Linux and root.');
    return PrivateHost.open({ home, signal });
  },
  async nested(options) {
    const host = await (await nested()).open(options);
    if (!host) throw new OutlastError('INTERNAL', 'There is no image of an engine.');
    return host;
  },
  ambient: openAmbientHost,
};

/** With testcontainers, which takes long to load: whoever needs no nested host does not wait for it. */
async function nested() {
  return (await import('./nested/nested-host.ts')).NestedHost;
}

/** Faults of a host of our own that another host can make up for. */
const REPLACEABLE: ReadonlySet<string> = new Set([
  'HOST_CANNOT',
  'ENGINE_UNAVAILABLE',
  'HOST_BOOT_FAILED',
  'NO_ENGINE',
  'NO_COMPOSE',
]);
