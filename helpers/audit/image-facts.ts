import type { Dockerfile, Start } from './dockerfile.ts';

export type DatabaseEngine = 'postgres' | 'mysql' | 'mongodb' | 'redis' | 'sqlite' | 'other';

/** What is known of an image. `null`: not known. */
export interface ImageFacts {
  readonly volumes: readonly string[];
  /** Are these all? Not where an image is built on one that nothing is known of. */
  readonly complete: boolean;
  /** Where it keeps its data, VOLUME or not. */
  readonly data: readonly string[];
  readonly user: string | null;
  readonly workdir: string | null;
  readonly stopSignal: string | null;
  readonly env: Readonly<Record<string, string>>;
  readonly cmd: readonly string[] | null;
  readonly entrypoint: readonly string[] | null;
}

/** What the Docker Engine says of an image, without what is its own alone. */
export interface InspectedImage {
  readonly Config?: {
    readonly Volumes?: Readonly<Record<string, unknown>> | null;
    readonly User?: string;
    readonly WorkingDir?: string;
    readonly StopSignal?: string;
    readonly Env?: readonly string[] | null;
    readonly Cmd?: readonly string[] | null;
    readonly Entrypoint?: readonly string[] | string | null | undefined;
  };
}

export function factsOfInspected({ Config: config = {} }: InspectedImage): ImageFacts {
  const volumes = Object.keys(config.Volumes ?? {});
  const entrypoint = config.Entrypoint ?? null;
  return {
    volumes,
    complete: true,
    data: volumes,
    user: config.User ?? '',
    workdir: config.WorkingDir || '/',
    stopSignal: config.StopSignal || 'SIGTERM',
    env: Object.fromEntries((config.Env ?? []).map((entry) => entry.split(/=(.*)/s, 2) as [string, string])),
    cmd: config.Cmd ?? null,
    entrypoint: typeof entrypoint === 'string' ? [entrypoint] : entrypoint,
  };
}

/** What a Dockerfile makes of the image that it begins with. */
export function factsOfDockerfile(dockerfile: Dockerfile, base: ImageFacts | null): ImageFacts {
  const volumes = [...new Set([...(base?.volumes ?? []), ...dockerfile.volumes.map(({ path }) => path)])];
  return {
    volumes,
    complete: base?.complete ?? dockerfile.base === 'scratch',
    data: [...new Set([...(base?.data ?? []), ...volumes])],
    user: dockerfile.user ?? base?.user ?? null,
    workdir: dockerfile.workdir ?? base?.workdir ?? null,
    stopSignal: dockerfile.stopSignal ?? base?.stopSignal ?? null,
    env: { ...base?.env, ...dockerfile.env },
    cmd: argvOf(dockerfile.cmd) ?? (dockerfile.entrypoint ? null : (base?.cmd ?? null)),
    entrypoint: argvOf(dockerfile.entrypoint) ?? base?.entrypoint ?? null,
  };
}

function argvOf(start: Start | null): readonly string[] | null {
  if (!start) return null;
  return start.shell ? ['/bin/sh', '-c', ...start.argv] : start.argv;
}
