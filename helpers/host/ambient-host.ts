import { rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Docker from 'dockerode';
import { execa } from 'execa';
import { removeLabelled } from '../cleanup/labelled.ts';
import { OutlastError, type ErrorCode } from '../errors.ts';
import { privateFolder } from '../home.ts';
import { runDocker } from './cli.ts';
import type { OpenHostOptions } from './open-host.ts';
import { findProgram, pathFolders } from './engine/programs.ts';
import type { HostFiles } from './files/host-files.ts';
import { localFiles } from './files/local-files.ts';
import type { CliOptions, CliResult, Host } from './host.ts';

/** What an ambient engine and its CLI say of themselves; `null` where nothing answers. */
export interface AmbientFacts {
  readonly engineVersion: string | null;
  /** Version of the Compose plugin. */
  readonly composeVersion: string | null;
  /** Whether the standalone Compose v1 is installed. */
  readonly composeV1: boolean;
}

/** What keeps Outlast from using this engine, or `null`. */
export function ambientFault({ engineVersion, composeVersion, composeV1 }: AmbientFacts): ErrorCode | null {
  if (engineVersion === null) return 'NO_ENGINE';
  const [major = 0, minor = 0] = numbersOf(engineVersion);
  if (major < 20 || (major === 20 && minor < 10)) return 'ENGINE_TOO_OLD';
  const [composeMajor = 0] = composeVersion === null ? [] : numbersOf(composeVersion);
  if (composeMajor >= 2) return null;
  return composeV1 || composeMajor === 1 ? 'COMPOSE_V1' : 'NO_COMPOSE';
}

function numbersOf(version: string): number[] {
  return (/\d+(?:\.\d+)*/.exec(version)?.[0] ?? '').split('.').map(Number);
}

interface Own {
  readonly docker: Docker;
  readonly engineVersion: string;
  readonly composeVersion: string;
  readonly projectsDir: string;
  readonly program: string;
  readonly endpoint: string;
  readonly runId: string;
}

/** The engine that the user already has. It is not ours: it is neither rebooted nor killed, and only what is ours is removed from it. */
class AmbientHost implements Host {
  readonly kind = 'ambient';
  readonly id = 'ambient';
  readonly docker: Docker;
  readonly engineVersion: string;
  readonly composeVersion: string;
  readonly projectsDir: string;
  readonly files: HostFiles;
  readonly #own: Own;

  constructor(own: Own) {
    this.docker = own.docker;
    this.engineVersion = own.engineVersion;
    this.composeVersion = own.composeVersion;
    this.projectsDir = own.projectsDir;
    this.files = localFiles(own.projectsDir);
    this.#own = own;
  }

  get dockerHost(): string {
    return this.#own.endpoint;
  }

  async bootId(): Promise<string | null> {
    return null;
  }

  async bootedAt(): Promise<number | null> {
    return null;
  }

  cli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
    return ambientCli(this.#own.program, this.#own.endpoint)(args, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { kept } = await removeLabelled(this.docker, (runId) => runId === this.#own.runId);
    if (kept.length > 0) throw new Error(kept.join('; '));
    await rm(this.projectsDir, { recursive: true, force: true });
  }
}

/** The Docker CLI against the user's engine: his own configuration applies, but no variable or context sends it elsewhere than the API. */
export function ambientCli(program: string, endpoint: string): Host['cli'] {
  const kept = ['DOCKER_TLS', 'DOCKER_TLS_VERIFY', 'DOCKER_CERT_PATH', 'DOCKER_CONFIG'].flatMap((name) => {
    const value = process.env[name];
    return value ? [[name, value] as const] : [];
  });
  const env = { ...Object.fromEntries(kept), DOCKER_HOST: endpoint };
  return async (args, options) => runDocker(program, args, env, options);
}

/** Opens the user's engine, or throws what keeps it from being used. */
export async function openAmbientHost({ home, run, signal }: OpenHostOptions): Promise<Host> {
  const program = await findProgram('docker', pathFolders(process.env));
  const endpoint = await ambientEndpoint(program);
  const docker = connect(endpoint);
  const [engineVersion, composeVersion, v1] = await Promise.all([
    engineVersionOf(docker),
    composeVersionOf(program),
    findProgram('docker-compose', pathFolders(process.env)),
  ]);
  signal?.throwIfAborted();
  const fault = ambientFault({ engineVersion, composeVersion, composeV1: v1 !== null });
  if (fault === 'NO_ENGINE') throw new OutlastError('NO_ENGINE', `No Docker Engine answers at ${endpoint}.`);
  if (fault === null && program === null) throw new OutlastError('NO_COMPOSE', 'There is no Docker CLI on PATH.');
  if (fault !== null || !program || !engineVersion || !composeVersion)
    throw new OutlastError(fault ?? 'INTERNAL', `Engine ${engineVersion}, Compose ${composeVersion ?? 'not found'}.`);
  // On record before anything is made there.
  run.note({ kind: 'engine', endpoint });
  const projectsDir = path.join(home, 'projects', run.id);
  await privateFolder(path.dirname(projectsDir));
  await privateFolder(projectsDir);
  return new AmbientHost({ docker, engineVersion, composeVersion, projectsDir, program, endpoint, runId: run.id });
}

/** The user's engine, and where it answers. */
export interface AmbientEngine {
  readonly docker: Docker;
  /** In the form of DOCKER_HOST. */
  readonly endpoint: string;
}

/** The user's engine if it answers. @param known where it was once */
export async function findAmbientEngine(known?: string): Promise<AmbientEngine | null> {
  const endpoint = known ?? (await ambientEndpoint(await findProgram('docker', pathFolders(process.env))));
  const docker = connect(endpoint);
  return (await engineVersionOf(docker)) === null ? null : { docker, endpoint };
}

/** DOCKER_HOST, else that of the CLI's current context, else the default socket. */
async function ambientEndpoint(program: string | null): Promise<string> {
  const fromEnv = process.env['DOCKER_HOST'];
  if (fromEnv) return fromEnv;
  const inspect = ['context', 'inspect', '--format', '{{.Endpoints.docker.Host}}'];
  const context = program === null ? null : await execa(program, inspect, { reject: false });
  return (context?.exitCode === 0 && context.stdout.trim()) || 'unix:///var/run/docker.sock';
}

const SCHEMES: ReadonlySet<string> = new Set(['tcp:', 'http:', 'https:', 'ssh:']);

/** Whether it is an address of an engine, as DOCKER_HOST has them. Pure. */
export function isEndpoint(text: string): boolean {
  if (/^(unix|npipe):\/\/./.test(text)) return true;
  const url = URL.parse(text);
  return url !== null && SCHEMES.has(url.protocol) && url.hostname !== '';
}

/** @throws OutlastError DOCKER_HOST_INVALID */
export function checkEndpoint(text: string): void {
  // It may hold a password, so it is not repeated.
  if (!isEndpoint(text))
    throw new OutlastError('DOCKER_HOST_INVALID', 'The address of the Docker Engine is malformed.');
}

function connect(endpoint: string): Docker {
  checkEndpoint(endpoint);
  if (endpoint.startsWith('unix://')) return new Docker({ socketPath: endpoint.slice('unix://'.length) });
  if (endpoint.startsWith('npipe://')) return new Docker({ socketPath: endpoint.slice('npipe://'.length) });
  const { hostname, port, protocol, username } = new URL(endpoint);
  if (protocol === 'ssh:')
    return new Docker({ protocol: 'ssh', host: hostname, username, ...(port ? { port: Number(port) } : {}) });
  // The client library reads the certificates that the variables name.
  if (process.env['DOCKER_HOST'] === endpoint) return new Docker();
  return new Docker({ host: hostname, port: Number(port || 2375), protocol: protocol === 'https:' ? 'https' : 'http' });
}

async function engineVersionOf(docker: Docker): Promise<string | null> {
  const silence = delay(5000, null, { ref: false });
  return Promise.race([
    docker.version().then(
      ({ Version }) => Version,
      () => null,
    ),
    silence,
  ]);
}

async function composeVersionOf(program: string | null): Promise<string | null> {
  if (program === null) return null;
  const result = await execa(program, ['compose', 'version', '--short'], { reject: false });
  return result.exitCode === 0 ? result.stdout.trim() : null;
}
