import type { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { RUN_LABEL } from '../host/host.ts';
import { linesOf } from '../probe/lines.ts';
import type { Run } from './run.ts';

/** The name that an engine gives to a volume that has none: 32 random bytes. */
const ANONYMOUS = /^[0-9a-f]{64}$/;

/**
 * The anonymous volumes of a run's containers, on an engine that is not ours. They carry no label, and a container that
 * is replaced leaves its own behind: each goes into the run's journal as soon as its container is made.
 */
export class VolumeWatch implements AsyncDisposable {
  readonly #docker: Docker;
  readonly #run: Run;
  readonly #events: Readable;
  readonly #noted = new Set<string>();
  readonly #listening: Promise<void>;

  static async open(docker: Docker, run: Run): Promise<VolumeWatch> {
    const filters = { type: ['container'], event: ['create'], label: [`${RUN_LABEL}=${run.id}`] };
    const events = await docker.getEvents({ filters: JSON.stringify(filters) });
    return new VolumeWatch(docker, run, events as Readable);
  }

  private constructor(docker: Docker, run: Run, events: Readable) {
    this.#docker = docker;
    this.#run = run;
    this.#events = events;
    this.#listening = this.#listen();
    // What fails meanwhile is told at the disposal.
    this.#listening.catch(() => {});
  }

  /** Removes what was noted and is still there. Its containers are gone already. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#events.destroy();
    await this.#listening;
    await Promise.all(
      [...this.#noted].map(async (name) => {
        await this.#docker.getVolume(name).remove().catch(unlessGone);
      }),
    );
  }

  async #listen(): Promise<void> {
    try {
      for await (const line of linesOf(this.#events)) {
        const { Actor } = JSON.parse(line) as { Actor: { ID: string } };
        const container = await this.#docker.getContainer(Actor.ID).inspect().catch(unlessGone);
        for (const { Type, Name = '' } of container?.Mounts ?? []) {
          if (Type !== 'volume' || !ANONYMOUS.test(Name) || this.#noted.has(Name)) continue;
          this.#run.note({ kind: 'volume', name: Name });
          this.#noted.add(Name);
        }
      }
    } catch (error) {
      // Closed by us, or the engine has ended and takes nothing down any more.
      if (!this.#events.destroyed) throw error;
    }
  }
}

function unlessGone(error: { statusCode?: number }): null {
  if (error.statusCode === 404) return null;
  throw error as Error;
}
