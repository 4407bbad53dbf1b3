import { z } from 'zod';
import { OutlastError } from '../errors.ts';
import type { Host } from '../host/host.ts';
import type { ComposeFiles } from './compose-files.ts';

const mount = z.looseObject({
  type: z.string(),
  source: z.string().optional(),
  target: z.string(),
  read_only: z.boolean().optional(),
});

const service = z.looseObject({
  image: z.string().optional(),
  container_name: z.string().optional(),
  build: z
    .looseObject({
      context: z.string(),
      args: z.record(z.string(), z.string().nullable()).optional(),
      labels: z.record(z.string(), z.string()).optional(),
      network: z.string().optional(),
    })
    .optional(),
  labels: z.record(z.string(), z.string()).optional(),
  ports: z.array(z.unknown()).optional(),
  restart: z.string().optional(),
  depends_on: z.record(z.string(), z.looseObject({ condition: z.string() })).optional(),
  volumes: z.array(mount).optional(),
  tmpfs: z.array(z.string()).optional(),
  healthcheck: z
    .looseObject({
      test: z.array(z.string()).nullish(),
      disable: z.boolean().optional(),
      start_interval: z.string().optional(),
    })
    .optional(),
});

const resource = z.looseObject({
  name: z.string().optional(),
  external: z.boolean().optional(),
  labels: z.record(z.string(), z.string()).optional(),
});

const project = z.looseObject({
  name: z.string(),
  services: z.record(z.string(), service),
  volumes: z.record(z.string(), resource.nullable()).optional(),
  networks: z.record(z.string(), resource.nullable()).optional(),
});

/** What `docker compose config --format json` makes of the user's files; unknown keys are carried along. */
export type ProjectModel = z.infer<typeof project>;
export type ServiceModel = z.infer<typeof service>;

/** What the user asked Compose for. */
export interface ComposeOptions {
  readonly profiles?: readonly string[];
  readonly envFiles?: readonly string[];
  /** Added to the environment that interpolation sees. */
  readonly env?: Readonly<Record<string, string>>;
}

/** What runs `docker compose`; it needs no engine. */
export type ComposeCli = Pick<Host, 'cli'>;

/**
 * Compose is the only interpreter of Compose files.
 * @throws OutlastError SERVICE_WITHOUT_IMAGE, COMPOSE_INVALID
 */
export async function resolveProject(
  compose: ComposeCli,
  source: ComposeFiles,
  options: ComposeOptions = {},
  signal?: AbortSignal,
): Promise<ProjectModel> {
  const args = [
    'compose',
    ...source.files.flatMap((file) => ['-f', file]),
    ...(options.profiles ?? []).flatMap((profile) => ['--profile', profile]),
    ...(options.envFiles ?? []).flatMap((file) => ['--env-file', file]),
    'config',
    '--format',
    'json',
  ];
  const result = await compose.cli(args, { cwd: source.folder, signal, env: options.env ?? {} });
  if (result.exitCode !== 0) {
    const said = result.stderr.trim();
    const code = /neither an image nor a build context/.test(said) ? 'SERVICE_WITHOUT_IMAGE' : 'COMPOSE_INVALID';
    throw new OutlastError(code, `${source.files.join(', ')}: ${lastLine(said)}`, { detail: said });
  }
  const model = project.parse(JSON.parse(result.stdout));
  if (Object.keys(model.services).length === 0) {
    throw new OutlastError('COMPOSE_INVALID', `${source.files.join(', ')}: no service is active.`);
  }
  return model;
}

function lastLine(text: string): string {
  return text.split('\n').at(-1) ?? '';
}
