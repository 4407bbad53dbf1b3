import { PassThrough, type Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type Dockerode from 'dockerode';
import type { ContainerStart, Integrity, StoreDefinition } from '../stores/store.ts';
import type { Marker, ReadRow } from '../verdict/model.ts';
import type { OwnGroup } from '../verdict/own-data.ts';
import type { Entry } from '../verdict/permissions.ts';
import type { FoundData } from './find-data.ts';
import type { Identity } from './identity.ts';
import { linesOf } from './lines.ts';
import { AGENT_ARGV, AGENT_ENV } from './toolbox.ts';
import type { Answering, HealthResult, PathKind, Probe } from './probe.ts';
import type { Operation, Operations, Reply } from './protocol.ts';

/** How long an agent may take to close its stores when it is asked to end. */
const END_MS = 5000;
/** How much of what the agent says on stderr goes into an error. */
const STDERR_LIMIT = 4096;

interface ProbeOptions {
  readonly signal?: AbortSignal;
  /** Called when the agent has ended. */
  readonly leave?: () => Promise<void>;
}

/**
 * Starts the agent inside a running container that has the toolbox mounted.
 * @throws Error when the container cannot be entered. Each call of the probe rejects when the agent ends before it has answered.
 */
export async function openProbe(docker: Dockerode, containerId: string, options: ProbeOptions = {}): Promise<Probe> {
  const container = await startOf(docker, containerId);
  const probe = await enter(docker, containerId, true, options);
  const failure = await probe.meet(container).then(() => '', String);
  if (!failure.includes(CAPABILITIES_REFUSED)) return probe;
  const plain = await enter(docker, containerId, false, options);
  // What keeps it from answering shows at the next question.
  await plain.meet(container).catch(() => {});
  return plain;
}

async function startOf(docker: Dockerode, containerId: string): Promise<ContainerStart> {
  const { Path, Args, Config } = await docker.getContainer(containerId).inspect();
  // An image may have no environment at all.
  const pairs = ((Config.Env as string[] | null) ?? []).map((pair) => [
    pair.slice(0, pair.indexOf('=')),
    pair.slice(pair.indexOf('=') + 1),
  ]);
  return { command: [Path, ...Args], env: Object.fromEntries(pairs) as Record<string, string> };
}

/** Engine 20.10 asks for every capability that the kernel has, even where the machine itself lacks one. */
const CAPABILITIES_REFUSED = 'unable to apply caps';

async function enter(
  docker: Dockerode,
  containerId: string,
  isPrivileged: boolean,
  { signal, leave }: ProbeOptions,
): Promise<ExecProbe> {
  signal?.throwIfAborted();
  const exec = await docker.getContainer(containerId).exec({
    Cmd: [...AGENT_ARGV],
    Env: [...AGENT_ENV],
    User: '0:0',
    Privileged: isPrivileged,
    WorkingDir: '/',
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    ...(signal ? { abortSignal: signal } : {}),
  });
  const stream = await exec.start({ hijack: true, stdin: true });
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  docker.modem.demuxStream(stream, stdout, stderr);
  return new ExecProbe(containerId, stream, stdout, stderr, {
    ...(signal ? { signal } : {}),
    ...(leave ? { leave } : {}),
  });
}

interface Pending {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
  readonly rows: ReadRow[];
}

function parseReply(line: string): Reply | null {
  try {
    return JSON.parse(line) as Reply;
  } catch {
    return null;
  }
}

class ExecProbe implements Probe {
  readonly containerId: string;
  readonly #stream: Duplex;
  readonly #leave: (() => Promise<void>) | undefined;
  readonly #pending = new Map<number, Pending>();
  readonly #ended: Promise<unknown>;
  #next = 0;
  #said = '';
  #failure: Error | undefined;

  constructor(
    containerId: string,
    stream: Duplex,
    stdout: PassThrough,
    stderr: PassThrough,
    { signal, leave }: ProbeOptions,
  ) {
    this.containerId = containerId;
    this.#leave = leave;
    this.#stream = stream;
    stderr.on('data', (chunk: Buffer) => {
      this.#said = (this.#said + chunk.toString()).slice(-STDERR_LIMIT);
    });
    this.#ended = this.#listen(stdout);
    stream.once('end', () => stdout.end());
    stream.once('close', () => stdout.end());
    stream.once('error', (error) => this.#fail(error));
    const abort = (): void => {
      this.#fail(new Error('The probe was given up.', { cause: signal?.reason }));
      stream.destroy();
    };
    signal?.addEventListener('abort', abort, { once: true });
    stream.once('close', () => signal?.removeEventListener('abort', abort));
  }

  async meet(container: ContainerStart): Promise<void> {
    await this.#ask('meet', { container });
  }

  async write(store: StoreDefinition, markers: readonly Marker[]): Promise<'acknowledged' | 'rejected'> {
    return (await this.#ask('write', { store, markers })) ? 'acknowledged' : 'rejected';
  }

  async remove(store: StoreDefinition, marker: Marker): Promise<'acknowledged' | 'rejected' | null> {
    const removed = await this.#ask('remove', { store, marker });
    if (removed === null) return null;
    return removed ? 'acknowledged' : 'rejected';
  }

  async read(store: StoreDefinition): Promise<ReadRow[]> {
    const rows: ReadRow[] = [];
    const last = await this.#ask('read', { store }, rows);
    return [...rows, ...last];
  }

  async own(store: StoreDefinition): Promise<OwnGroup[] | null> {
    return this.#ask('own', { store });
  }

  async integrity(store: StoreDefinition): Promise<Integrity | null> {
    return this.#ask('integrity', { store });
  }

  async answers(store: StoreDefinition, timeoutMs: number): Promise<Answering> {
    return this.#ask('answers', { store, timeoutMs });
  }

  async writable(path: string): Promise<boolean> {
    return this.#ask('writable', { path });
  }

  async mainIdentity(): Promise<Identity> {
    return this.#ask('mainIdentity', {});
  }

  async findData(places: readonly string[], added: readonly string[]): Promise<FoundData> {
    return this.#ask('findData', { places, added });
  }

  async kindAt(path: string): Promise<PathKind> {
    return this.#ask('kindAt', { path });
  }

  async owners(path: string): Promise<Entry[]> {
    return this.#ask('owners', { path });
  }

  async health(test: readonly string[], timeoutMs: number): Promise<HealthResult> {
    return this.#ask('health', { test, timeoutMs });
  }

  /** Lets the agent close its stores and end; does not wait for one that hangs. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stream.end();
    await Promise.race([this.#ended, delay(END_MS, undefined, { ref: false })]);
    this.#stream.destroy();
    this.#fail(new Error('The probe is closed.'));
    await this.#leave?.();
  }

  /** Settles what is answered until the agent ends. */
  async #listen(stdout: PassThrough): Promise<void> {
    for await (const line of linesOf(stdout)) {
      const reply = parseReply(line);
      if (reply) this.#settle(reply);
      // The engine's own word, where the agent could not be started.
      else this.#fail(new Error(`The agent does not answer. ${line}`));
    }
    this.#fail(new Error(`The agent ended. ${this.#said}`.trim()));
  }

  /** @param rows receives those that come before the answer */
  async #ask<K extends Operation>(
    op: K,
    ask: Operations[K]['ask'],
    rows: ReadRow[] = [],
  ): Promise<Operations[K]['answer']> {
    if (this.#failure) throw this.#failure;
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject, rows });
      this.#stream.write(`${JSON.stringify({ id, op, ...ask })}\n`);
    });
  }

  #settle(reply: Reply): void {
    const pending = this.#pending.get(reply.id);
    if ('rows' in reply) {
      pending?.rows.push(...reply.rows);
      return;
    }
    this.#pending.delete(reply.id);
    if (reply.ok) pending?.resolve(reply.value as never);
    else pending?.reject(new Error(reply.error));
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#pending.values()) reject(this.#failure);
    this.#pending.clear();
  }
}
