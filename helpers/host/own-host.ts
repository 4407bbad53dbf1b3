import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import { OutlastError } from '../errors.ts';
import type { HostFiles } from './files/host-files.ts';
import type { ChangeEngine, CliOptions, CliResult, Host, HostKind } from './host.ts';

const BOOT_TIMEOUT_MS = 60_000;

/** A host that is ours: it boots, in order or not, and from another engine where it has one. */
export abstract class OwnHost implements Host {
  abstract readonly kind: HostKind;
  abstract readonly id: string;
  abstract readonly composeVersion: string;
  abstract readonly dockerHost: string;
  abstract readonly docker: Docker;
  abstract readonly projectsDir: string;
  abstract readonly files: HostFiles;
  abstract bootId(): Promise<string | null>;
  abstract bootedAt(): Promise<number | null>;
  abstract cli(args: readonly string[], options?: CliOptions): Promise<CliResult>;

  /** How many engines it can boot from. */
  protected abstract readonly engines: number;
  /** Which of them it runs on; the oldest is 0. */
  protected rung = 0;
  #engineVersion = '';
  #disposed: Promise<void> | null = null;

  /** Starts the machine with the engine of the rung; its engine need not answer yet. */
  protected abstract start(): Promise<void>;
  /** Has the machine that was started ended by itself? */
  protected abstract readonly isOver: boolean;
  /** Ends every process in order. */
  protected abstract shutDown(): Promise<void>;
  /** Ends every process at one instant; there need not be any. */
  protected abstract kill(): Promise<void>;
  /** Called between two boots, before the next one is of another engine. */
  protected abstract changeEngine(): Promise<void>;
  /** What the engine has said last. */
  protected abstract lastWords(): Promise<string>;
  /** Leaves nothing behind. */
  protected abstract leave(): Promise<void>;

  get engineVersion(): string {
    return this.#engineVersion;
  }

  reboot = async (signal?: AbortSignal): Promise<number> => {
    await this.#shutDown(signal);
    return this.#timedBoot(signal);
  };

  crash = async (signal?: AbortSignal): Promise<number> => {
    signal?.throwIfAborted();
    await this.kill();
    return this.#timedBoot(signal);
  };

  get upgrade(): ChangeEngine | undefined {
    return this.#changeTo(this.rung + 1);
  }

  get downgrade(): ChangeEngine | undefined {
    return this.#changeTo(this.rung - 1);
  }

  #changeTo(rung: number): ChangeEngine | undefined {
    if (rung < 0 || rung >= this.engines) return undefined;
    return async (signal) => {
      const from = this.engineVersion;
      const began = performance.now();
      await this.#shutDown(signal);
      this.rung = rung;
      await this.changeEngine();
      const shutDownMs = Math.round(performance.now() - began);
      const bootMs = await this.#timedBoot(signal);
      return { from, to: this.engineVersion, shutDownMs, bootMs };
    };
  }

  /** A container may take its time to stop; an interrupt does not wait for it. */
  async #shutDown(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    const killed = Promise.withResolvers<void>();
    const abort = (): void => killed.resolve(this.kill());
    signal?.addEventListener('abort', abort, { once: true });
    try {
      await this.shutDown();
    } finally {
      signal?.removeEventListener('abort', abort);
    }
    if (signal?.aborted) await killed.promise;
    signal?.throwIfAborted();
  }

  async #timedBoot(signal: AbortSignal | undefined): Promise<number> {
    const began = performance.now();
    await this.boot(signal);
    return Math.round(performance.now() - began);
  }

  /** Resolves with the engine's first answer. @throws OutlastError HOST_BOOT_FAILED */
  protected async boot(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    try {
      await this.start();
      await this.#answers(signal);
    } catch (error) {
      await this.kill();
      throw error;
    }
  }

  async #answers(signal: AbortSignal | undefined): Promise<void> {
    const deadline = Date.now() + BOOT_TIMEOUT_MS;
    for (;;) {
      signal?.throwIfAborted();
      if (this.isOver) throw await this.bootFailure('ended while it was booting');
      if (Date.now() > deadline) throw await this.bootFailure('has an engine that does not answer');
      try {
        this.#engineVersion = (await this.docker.version()).Version;
        return;
      } catch {
        // The socket has no event for "now somebody listens".
        await delay(10);
      }
    }
  }

  protected async bootFailure(what: string, cause?: Error): Promise<OutlastError> {
    const detail = [...(cause === undefined ? [] : [cause.message]), await this.lastWords()].join('\n');
    return new OutlastError('HOST_BOOT_FAILED', `The ${this.kind} host ${what}.`, { detail, cause });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= this.leave();
    await this.#disposed;
  }
}
