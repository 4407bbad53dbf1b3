import type Dockerode from 'dockerode';
import type { HostFiles } from './files/host-files.ts';

export type HostKind = 'ambient' | 'private' | 'nested';

export interface CliOptions {
  readonly cwd?: string;
  readonly signal?: AbortSignal | undefined;
  /** Added to the environment of the command. */
  readonly env?: Readonly<Record<string, string>>;
  /** A file that the command reads as its stdin; without it there is none. */
  readonly stdin?: string | undefined;
  /** A file that gets the command's stdout, byte for byte; then the result has none. */
  readonly stdout?: string | undefined;
  /** Called with each line of stdout and stderr as it comes. */
  readonly onLine?: (line: string) => void;
}

export interface CliResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Another engine on the same data root; versions as the engines report them. */
interface EngineChange {
  readonly from: string;
  readonly to: string;
  readonly shutDownMs: number;
  /** Until the new engine answers. */
  readonly bootMs: number;
}

export type ChangeEngine = (signal?: AbortSignal) => Promise<EngineChange>;

/** A machine that runs a Docker Engine. */
export interface Host extends AsyncDisposable {
  readonly id: string;
  readonly kind: HostKind;
  readonly engineVersion: string;
  readonly composeVersion: string;
  /** Where the engine answers, in the form of DOCKER_HOST. */
  readonly dockerHost: string;
  /** Stays valid across `reboot` and `crash`. */
  readonly docker: Dockerode;
  /** Absolute folder of this machine for the files of shadow projects that Compose reads. Empty at the start. */
  readonly projectsDir: string;
  /** What the engine sees of files. */
  readonly files: HostFiles;
  /** Random id of this boot of the machine and its init's start time; `null` where the host cannot tell. */
  bootId(): Promise<string | null>;
  /** When this boot began, by the clock that the engine goes by, in milliseconds; `null` where the host cannot tell. */
  bootedAt(): Promise<number | null>;
  /** Runs the Docker CLI (`docker ...args`, with Compose v2 and buildx) against this host. Never throws for a non-zero exit. */
  cli(args: readonly string[], options?: CliOptions): Promise<CliResult>;
  /** The host shuts down in order (SIGTERM, grace) and boots; resolves when the engine answers, with the milliseconds of the boot. Absent where the host is not ours. */
  readonly reboot?: (signal?: AbortSignal) => Promise<number>;
  /** Every process of the host dies at one instant; boots; resolves as `reboot` does. */
  readonly crash?: (signal?: AbortSignal) => Promise<number>;
  /** The host shuts down in order and boots the same world with the next newer engine. Absent where there is none. */
  readonly upgrade?: ChangeEngine | undefined;
  /** The same, with the next older engine. */
  readonly downgrade?: ChangeEngine | undefined;
}

/** Set on everything that Outlast creates; the value is the run id. */
export const RUN_LABEL = 'dev.outlast.run';
