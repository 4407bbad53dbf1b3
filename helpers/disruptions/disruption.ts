import type { CliResult, Host } from '../host/host.ts';
import type { Claims, Fact } from '../stack/proof.ts';
import type { RunningStack } from '../stack/stack.ts';
import type { DataVerdict, Layer, Outcome } from '../verdict/model.ts';

/** What a disruption works on. */
export interface DisruptionContext {
  readonly host: Host;
  readonly stack: RunningStack;
  readonly signal: AbortSignal;
}

/** What was done, as commands that a person can type, and how each ended. */
export interface Step {
  readonly command: string;
  readonly exitCode: number | null;
  readonly output: string;
  /** What was so right then, for what may not last until the services are back. */
  readonly facts?: readonly Fact[];
  /** How long the host took to boot in it. Absent: it did not boot. */
  readonly bootMs?: number;
}

export interface Disruption {
  readonly id: string;
  /** What happens, in a few words. */
  readonly title: string;
  /** Runs only where it is asked for by name. */
  readonly optional?: true;
  /**
   * `own-host`: anybody's containers, volumes and networks are touched. Without this capability the cell is `not-run`; without anything built or a later version, or a bind that its service may write, `not-applicable`.
   * What needs `upgrade` gets a stack of its own, on a host that begins with the oldest engine, and is repeated up to the newest.
   * What needs a backup destroys the source; the data comes back by the stack's own restore.
   */
  readonly needs:
    | 'nothing'
    | 'build'
    | 'bind'
    | 'own-host'
    | 'reboot'
    | 'crash'
    | 'upgrade'
    | 'backup'
    | 'backup-and-host';
  /** How long services may take to come back at most, in milliseconds, where they are not to come back. Then none is started by hand. */
  readonly patienceMs?: number;
  /** What must have changed and what must not; the proof is held against it. */
  readonly claims: Claims;
  /** What the engine does to the bytes of each layer. */
  readonly effect: Readonly<Record<Layer, DataVerdict>>;
  /**
   * What a sound stack must show for a store on this layer.
   * @param explained whether a service that fails does so for its data's owner, by what is found or by its own word
   */
  expected(layer: Layer, explained: boolean): readonly Outcome[];
  inject(context: DisruptionContext): Promise<readonly Step[]>;
  /** Takes back what `inject` left behind, after the stores were read. Idempotent. No step, or absent: there is nothing to take back. */
  readonly heal?: (context: DisruptionContext) => Promise<readonly Step[]>;
}

/** Runs `docker compose` on the shadow and keeps what it said. */
export async function composeStep({ stack, signal }: DisruptionContext, ...args: string[]): Promise<Step> {
  return asStep(`docker compose ${args.join(' ')}`, await stack.project.compose(args, signal));
}

export function asStep(command: string, result: CliResult): Step {
  return { command, exitCode: result.exitCode, output: result.stderr.trim().split('\n').slice(-5).join('\n') };
}

const KEPT: Record<Layer, DataVerdict> = {
  'named-volume': 'survived',
  bind: 'survived',
  'anonymous-volume': 'survived',
  container: 'survived',
  tmpfs: 'lost',
  image: 'survived',
};

/** The same container goes on. */
export const SAME_CONTAINER = KEPT;
/** A new container takes over the anonymous volumes of the old one. */
export const NEW_CONTAINER: Record<Layer, DataVerdict> = { ...KEPT, container: 'lost' };
/** A new container gets new anonymous volumes; the old ones are still on disk. */
export const NEW_PROJECT: Record<Layer, DataVerdict> = { ...KEPT, container: 'lost', 'anonymous-volume': 'hidden' };
/** Only what lies outside of the engine is left. */
export const NO_VOLUMES: Record<Layer, DataVerdict> = {
  ...KEPT,
  container: 'lost',
  'anonymous-volume': 'lost',
  'named-volume': 'lost',
};

/** A backup brings back all that it promises, wherever it lay. */
export const RESTORED: Record<Layer, DataVerdict> = { ...KEPT, tmpfs: 'survived' };

export const mustSurvive = (): readonly Outcome[] => ['survived'];
