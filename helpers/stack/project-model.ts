import { z } from 'zod';
import { OutlastError } from '../errors.ts';
import type { CliResult, Host } from '../host/host.ts';
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
      tags: z.array(z.string()).optional(),
      additional_contexts: z.record(z.string(), z.string()).optional(),
    })
    .optional(),
  labels: z.record(z.string(), z.string()).optional(),
  ports: z.array(z.unknown()).optional(),
  restart: z.string().optional(),
  depends_on: z.record(z.string(), z.looseObject({ condition: z.string() })).optional(),
  links: z.array(z.string()).optional(),
  volumes: z.array(mount).optional(),
  volumes_from: z.array(z.string()).optional(),
  tmpfs: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string().nullable()).optional(),
  profiles: z.array(z.string()).optional(),
  network_mode: z.string().optional(),
  dns: z.array(z.string()).optional(),
  ipc: z.string().optional(),
  pid: z.string().optional(),
  networks: z.record(z.string(), z.looseObject({}).nullable()).optional(),
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
  driver_opts: z.record(z.string(), z.string()).optional(),
  ipam: z.unknown().optional(),
});

const carried = z.looseObject({
  file: z.string().optional(),
  environment: z.string().optional(),
  content: z.string().optional(),
});

const project = z.looseObject({
  name: z.string(),
  services: z.record(z.string(), service),
  volumes: z.record(z.string(), resource.nullable()).optional(),
  networks: z.record(z.string(), resource.nullable()).optional(),
  secrets: z.record(z.string(), carried.nullable()).optional(),
  configs: z.record(z.string(), carried.nullable()).optional(),
});

/** What `docker compose config --format json` makes of the user's files; unknown keys are carried along. */
export type ProjectModel = z.infer<typeof project>;
export type ServiceModel = z.infer<typeof service>;
/** A volume or a network. */
export type ResourceModel = z.infer<typeof resource>;

/** What the user asked Compose for. */
export interface ComposeOptions {
  readonly profiles?: readonly string[];
  readonly envFiles?: readonly string[];
  /** Added to the environment that interpolation sees. */
  readonly env?: Readonly<Record<string, string>>;
  /** Files may come from elsewhere. */
  readonly remote?: boolean;
}

/** What runs `docker compose`; it needs no engine. */
export type ComposeCli = Pick<Host, 'cli'>;

/** Keeps Compose from fetching files from elsewhere. */
const NOTHING_REMOTE = { COMPOSE_EXPERIMENTAL_GIT_REMOTE: 'false', COMPOSE_EXPERIMENTAL_OCI_REMOTE: 'false' };

/**
 * Compose is the only interpreter of Compose files. Nothing of theirs is executed, and nothing fetched that was not allowed.
 * @throws OutlastError SERVICE_WITHOUT_IMAGE, COMPOSE_INVALID; KEY_REFUSED for a file that lies elsewhere
 */
export async function resolveProject(
  compose: ComposeCli,
  source: ComposeFiles,
  options: ComposeOptions = {},
  signal?: AbortSignal,
): Promise<ProjectModel> {
  const result = await config(compose, source, options, ['--format', 'json'], signal);
  if (result.exitCode !== 0) {
    const said = result.stderr.trim();
    const files = source.files.join(', ');
    if (/remote resource is disabled/.test(said))
      throw new OutlastError('KEY_REFUSED', 'Refused: include.', {
        detail: `${files}: include: a file is fetched from elsewhere\nTo let it through: --allow include`,
      });
    const code = /neither an image nor a build context/.test(said) ? 'SERVICE_WITHOUT_IMAGE' : 'COMPOSE_INVALID';
    throw new OutlastError(code, `${files}: ${headline(said)}`, { detail: said });
  }
  const model = project.parse(JSON.parse(result.stdout.replaceAll('$$', () => '$')));
  if (Object.keys(model.services).length === 0) {
    throw new OutlastError('COMPOSE_INVALID', `${source.files.join(', ')}: no service is active.`);
  }
  const drive = drivesIn(model)[0];
  if (drive !== undefined)
    throw new OutlastError(
      'COMPOSE_INVALID',
      `${source.files.join(', ')}: ${drive}: Compose takes a name of one letter for the drive of a Windows path. ` +
        'Give the volume a longer name, or write the mount with `type`, `source` and `target`.',
    );
  return model;
}

/** A project as a Compose file that nothing is interpolated in: the opposite of `resolveProject`. */
export function writtenProject(model: ProjectModel): string {
  return JSON.stringify(model, null, 2).replaceAll('$', () => '$$');
}

/**
 * The values of the variables that secrets and configs are taken from, as Compose sees them: from the process, else from the `.env` files.
 * @throws OutlastError COMPOSE_INVALID
 */
export async function carriedVariables(
  host: ComposeCli,
  source: ComposeFiles,
  model: ProjectModel,
  options: ComposeOptions = {},
  signal?: AbortSignal,
): Promise<Record<string, string>> {
  const sources = [...Object.values(model.secrets ?? {}), ...Object.values(model.configs ?? {})];
  const names = new Set(sources.flatMap((each) => (each?.environment === undefined ? [] : [each.environment])));
  if (names.size === 0) return {};
  const result = await config(host, source, options, ['--environment'], signal);
  if (result.exitCode !== 0)
    throw new OutlastError('COMPOSE_INVALID', lastLine(result.stderr.trim()), { detail: result.stderr.trim() });
  // A value of several lines goes on until the next variable.
  const printed = new Map(
    result.stdout.split(/\n(?=[A-Za-z_]\w*=)/).map((line) => {
      const [name = '', ...value] = line.split('=');
      return [name, value.join('=')] as const;
    }),
  );
  return Object.fromEntries(
    [...names].flatMap((name) => {
      const value = options.env?.[name] ?? process.env[name] ?? printed.get(name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

async function config(
  host: ComposeCli,
  source: ComposeFiles,
  options: ComposeOptions,
  form: readonly string[],
  signal: AbortSignal | undefined,
): Promise<CliResult> {
  const args = [
    'compose',
    ...source.files.flatMap((file) => ['-f', file]),
    ...(options.profiles ?? []).flatMap((profile) => ['--profile', profile]),
    ...(options.envFiles ?? []).flatMap((file) => ['--env-file', file]),
    'config',
    ...form,
  ];
  const env = { ...options.env, ...(options.remote === true ? {} : NOTHING_REMOTE) };
  return host.cli(args, { cwd: source.folder, signal, env });
}

/** Mounts `v:/path` of a volume that is called by one letter, which Compose reads as a path. */
function drivesIn({ services }: ProjectModel): string[] {
  return Object.entries(services).flatMap(([name, { volumes = [] }]) =>
    volumes.flatMap(({ source, target }) =>
      source === undefined && /^[a-z]:\//i.test(target) ? [`services.${name}.volumes: ${target}`] : [],
    ),
  );
}

/** The last line says what is wrong, unless it is an item of a list. */
function headline(said: string): string {
  const lines = said.split('\n').map((line) => line.trim());
  return lines[0]?.endsWith(':') === true ? lines.join(' ') : lastLine(said);
}

function lastLine(text: string): string {
  return text.split('\n').at(-1) ?? '';
}
