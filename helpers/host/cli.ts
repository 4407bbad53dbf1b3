import { copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { privateFolder } from '../home.ts';
import { OutlastError } from '../errors.ts';
import type { CliOptions, CliResult } from './host.ts';

/** Variables that would send the Docker CLI somewhere else. */
const REDIRECTING = [
  'DOCKER_HOST',
  'DOCKER_CONTEXT',
  'DOCKER_CONFIG',
  'DOCKER_TLS',
  'DOCKER_TLS_VERIFY',
  'DOCKER_CERT_PATH',
  'DOCKER_API_VERSION',
  'BUILDX_BUILDER',
  'BUILDX_CONFIG',
  'BUILDKIT_HOST',
];

/** Runs the Docker CLI. Never throws for a non-zero exit; does for an abort. */
export async function runDocker(
  program: string,
  args: readonly string[],
  ownEnv: Readonly<Record<string, string>>,
  options: CliOptions = {},
): Promise<CliResult> {
  const { cwd, signal, onLine } = options;
  signal?.throwIfAborted();
  const cleared = Object.fromEntries(REDIRECTING.map((name) => [name, undefined]));
  const child = execa(program, args, {
    reject: false,
    stdin: options.stdin === undefined ? 'ignore' : { file: options.stdin },
    env: { ...cleared, ...ownEnv, ...options.env },
    ...(cwd === undefined ? {} : { cwd }),
    ...(signal ? { cancelSignal: signal } : {}),
    ...(onLine ? { stdout: lineReader(onLine), stderr: lineReader(onLine) } : {}),
    ...(options.stdout === undefined ? {} : { stdout: { file: options.stdout }, buffer: { stdout: false } }),
  });
  const result = await child;
  signal?.throwIfAborted();
  if (result.exitCode === undefined && result.signal === undefined)
    throw new OutlastError('INTERNAL', `${program} cannot be run.`, { cause: result });
  return { exitCode: result.exitCode ?? 137, stdout: result.stdout ?? '', stderr: result.stderr };
}

/** The same, with Compose started as the program it is: the CLI would look for the plugin, ask it who it is, and start it. */
export async function runDockerOrCompose(
  programs: Readonly<Record<'docker' | 'compose', string>>,
  args: readonly string[],
  ownEnv: Readonly<Record<string, string>>,
  options?: CliOptions,
): Promise<CliResult> {
  const [command, ...rest] = args;
  if (command === 'compose') return runDocker(programs.compose, rest, ownEnv, options);
  return runDocker(programs.docker, args, ownEnv, options);
}

function lineReader(onLine: (line: string) => void) {
  return function* (line: unknown): Generator {
    onLine(String(line));
    yield line;
  };
}

/** A CLI configuration of our own: the user's credentials, none of his contexts, and the given plugins. */
export async function writeDockerConfig(
  folder: string,
  plugins: { readonly compose: string; readonly buildx: string },
  env: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  await privateFolder(folder);
  const users = path.join(env['DOCKER_CONFIG'] || path.join(homedir(), '.docker'), 'config.json');
  const text = await readFile(users, 'utf8').catch(() => '{}');
  const config = keepCredentials(text);
  const pluginFolder = path.join(folder, 'plugins');
  await mkdir(pluginFolder, { recursive: true });
  await Promise.all(
    Object.entries({ 'docker-compose': plugins.compose, 'docker-buildx': plugins.buildx }).map(([name, target]) =>
      symlink(target, path.join(pluginFolder, name)).catch(() => copyFile(target, path.join(pluginFolder, name))),
    ),
  );
  await writeFile(
    path.join(folder, 'config.json'),
    JSON.stringify({ ...config, cliPluginsExtraDirs: [pluginFolder] }),
    {
      mode: 0o600,
    },
  );
}

/** Of the user's configuration, what says who he is to registries and how the network is reached. */
export function keepCredentials(text: string): Record<string, unknown> {
  try {
    const config: unknown = JSON.parse(text);
    if (typeof config !== 'object' || config === null) return {};
    const kept = ['auths', 'credsStore', 'credHelpers', 'HttpHeaders', 'proxies'];
    return Object.fromEntries(Object.entries(config).filter(([key]) => kept.includes(key)));
  } catch {
    return {};
  }
}
