import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import path from 'node:path';
import { Readable } from 'node:stream';
import Docker from 'dockerode';
import { pack } from 'tar-stream';
import { GenericContainer, getContainerRuntimeClient } from 'testcontainers';
import type { Run } from '../../cleanup/run.ts';
import { OutlastError } from '../../errors.ts';
import { ownToolbox } from '../../probe/own-toolbox.ts';
import { type HeldToolbox, TOOLBOX_MOUNT } from '../../probe/toolbox.ts';
import { ambientCli, findAmbientEngine, type AmbientEngine } from '../ambient-host.ts';
import { runDockerOrCompose, writeDockerConfig } from '../cli.ts';
import type { Plugins } from '../engine/engine.ts';
import { installedPlugins } from '../engine/installed.ts';
import { packagedEngine, packagedPlugins } from '../engine/packaged.ts';
import { findProgram, pathFolders } from '../engine/programs.ts';
import type { HostFiles } from '../files/host-files.ts';
import { RUN_LABEL, type CliOptions, type CliResult } from '../host.ts';
import { OwnHost } from '../own-host.ts';
import { makeRunFolder } from '../run-folder.ts';
import { packFolders } from './archive.ts';
import { engineImageLadder, newestEngineImage, removeAssembled, type EngineImage } from './engine-image.ts';
import { unlessGone } from './unless-gone.ts';
import { MachineLink } from './machine-link.ts';
import { MACHINE_ENV, MACHINE_SCRIPT, WORLD } from './machine-script.ts';
import { nestedFiles, placeOf, type RunningMachine } from './nested-files.ts';
import { packTree } from './pack-tree.ts';

export interface NestedHostOptions {
  readonly home: string;
  readonly run: Pick<Run, 'id' | 'note'>;
  readonly signal?: AbortSignal | undefined;
  /** Begins with the oldest of several engines; `upgrade` boots the others. */
  readonly oldest?: boolean;
}

/** What a nested host is made of. */
interface Parts {
  readonly runId: string;
  /** The ambient engine. */
  readonly outer: Docker;
  /** Of the Docker CLI. */
  readonly program: string;
  readonly plugins: Plugins;
  /** For what belongs to the host on this machine. */
  readonly folder: string;
  readonly toolbox: HeldToolbox;
}

/** A machine of our own: an engine in a privileged container on the ambient engine, that can be rebooted and killed. */
export class NestedHost extends OwnHost {
  readonly kind = 'nested';
  readonly id: string;
  readonly docker: Docker;
  readonly projectsDir: string;
  readonly files: HostFiles;
  readonly #parts: Parts;
  /** Of the container, and of the volume that is its world. */
  readonly #name: string;
  readonly #server: Server;
  /** Oldest first. */
  #images: readonly EngineImage[] = [];
  #machine: RunningMachine | null = null;
  /** Is the toolbox in its place? */
  #equipped = false;
  #hasContainer = false;

  /**
   * Boots an engine in a container. `null`: there are no two engines of different versions to begin with the oldest of.
   * @throws OutlastError NO_ENGINE, NO_COMPOSE, ENGINE_UNAVAILABLE, HOST_CANNOT, HOST_BOOT_FAILED
   */
  static async open({ home, run, signal, oldest = false }: NestedHostOptions): Promise<NestedHost | null> {
    const ambient = await findAmbientEngine();
    if (!ambient) throw new OutlastError('NO_ENGINE', 'A nested host needs a Docker Engine, and none answers.');
    const { program, plugins } = await findCli(home, signal);
    await takeEngine(ambient);
    // On record before anything is made there.
    run.note({ kind: 'engine', endpoint: ambient.endpoint });
    const folder = await makeRunFolder(home, (made) => run.note({ kind: 'folder', path: made }));
    const toolbox = await ownToolbox(home, signal);
    const host = new NestedHost({ runId: run.id, outer: ambient.docker, program, plugins, folder, toolbox });
    try {
      const outer = { docker: ambient.docker, cli: ambientCli(program, ambient.endpoint) };
      const wanted = { home, runId: run.id, signal };
      host.#images = oldest ? await engineImageLadder(outer, wanted) : [await newestEngineImage(outer, wanted)];
      if (!oldest || host.#images.length > 1) {
        await host.#open(signal);
        return host;
      }
    } catch (error) {
      await host[Symbol.asyncDispose]().catch(() => {});
      throw error;
    }
    await host[Symbol.asyncDispose]();
    return null;
  }

  private constructor(parts: Parts) {
    super();
    this.#parts = parts;
    const suffix = randomBytes(2).toString('hex');
    this.id = `nested-${suffix}`;
    this.#name = `outlast-${parts.runId}-${suffix}`;
    this.projectsDir = path.join(parts.folder, 'projects');
    this.docker = new Docker({ socketPath: this.#socket });
    this.files = nestedFiles(() => this.#running, [parts.toolbox.folder]);
    // Half open, as a client that has sent all of its stdin still reads.
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      if (this.#machine) this.#machine.link.carry(socket);
      else socket.destroy();
    });
  }

  get composeVersion(): string {
    return this.#parts.plugins.composeVersion;
  }

  get dockerHost(): string {
    return `unix://${this.#socket}`;
  }

  get #socket(): string {
    return path.join(this.#parts.folder, 'docker.sock');
  }

  get #config(): string {
    return path.join(this.#parts.folder, 'config');
  }

  get #running(): RunningMachine {
    if (!this.#machine) throw new Error('The nested host does not run.');
    return this.#machine;
  }

  async bootId(): Promise<string | null> {
    return (await this.#machine?.link.call('bootId').catch(() => null)) ?? null;
  }

  async bootedAt(): Promise<number | null> {
    return (await this.#machine?.link.call('bootedAt').catch(() => null)) ?? null;
  }

  cli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
    const env = { DOCKER_HOST: this.dockerHost, DOCKER_CONFIG: this.#config };
    const { program, plugins } = this.#parts;
    return runDockerOrCompose({ docker: program, compose: plugins.compose }, args, env, options);
  }

  protected get engines(): number {
    return this.#images.length;
  }

  protected async leave(): Promise<void> {
    const { outer, runId, folder, toolbox } = this.#parts;
    toolbox[Symbol.dispose]();
    this.#machine?.link.close();
    this.#machine = null;
    if (this.#server.listening) {
      this.#server.close();
      await once(this.#server, 'close');
    }
    await this.#container.remove({ force: true, v: true }).catch(unlessGone);
    await outer.getVolume(this.#name).remove().catch(unlessGone);
    await removeAssembled(outer, runId);
    await rm(folder, { recursive: true, force: true });
  }

  async #open(signal: AbortSignal | undefined): Promise<void> {
    const { outer, runId, plugins } = this.#parts;
    await mkdir(this.projectsDir, { mode: 0o700 });
    await writeDockerConfig(this.#config, plugins);
    this.#server.listen(this.#socket);
    await once(this.#server, 'listening');
    await outer.createVolume({ Name: this.#name, Labels: { [RUN_LABEL]: runId } });
    await this.boot(signal);
  }

  get #container(): Docker.Container {
    return this.#parts.outer.getContainer(this.#name);
  }

  protected async start(): Promise<void> {
    if (this.#hasContainer) await this.#container.start();
    else await this.#makeContainer();
    const link = await MachineLink.open(this.#parts.outer, this.#name).catch(async (cause: Error) => {
      throw await this.bootFailure('ended while it was booting', cause);
    });
    this.#machine = { container: this.#container, link };
  }

  protected get isOver(): boolean {
    return this.#machine?.link.over ?? true;
  }

  protected async changeEngine(): Promise<void> {
    await this.#container.remove({ v: true });
    this.#hasContainer = false;
  }

  /** Over the world, which outlives it. */
  async #makeContainer(): Promise<void> {
    const { runId } = this.#parts;
    const { ref } = this.#images[this.rung] as EngineImage;
    const container = new GenericContainer(ref)
      .withName(this.#name)
      .withLabels({ [RUN_LABEL]: runId })
      .withPrivilegedMode()
      .withHostname('outlast')
      .withEntrypoint(['sh', '-c', MACHINE_SCRIPT, 'outlast-host'])
      .withCommand([])
      .withEnvironment(MACHINE_ENV)
      .withTmpFs({ '/run': 'rw,exec,mode=755' })
      .withBindMounts([{ source: this.#name, target: WORLD }])
      .withCopyArchivesToContainer([{ tar: this.#equipment(), target: '/' }])
      // It is ours to remove, and the reaper of testcontainers is an image that need not be to be had.
      .withAutoCleanup(false);
    await container.start().catch(async (cause: Error) => {
      throw await this.bootFailure('is refused by the ambient engine', cause);
    });
    this.#hasContainer = true;
    this.#equipped = true;
  }

  /** The toolbox in its place in the world, and the name by which it is called. */
  #equipment(): Readable {
    const toolbox = this.#parts.toolbox.folder;
    const packed = pack();
    const fill = async (): Promise<void> => {
      packed.entry({ name: TOOLBOX_MOUNT.slice(1), type: 'symlink', linkname: placeOf(toolbox) });
      if (!this.#equipped) {
        packFolders(packed, path.posix.dirname(placeOf(toolbox)));
        await packTree(packed, toolbox, placeOf(toolbox).slice(1));
      }
      packed.finalize();
    };
    fill().catch((error: Error) => packed.destroy(error));
    return Readable.from(packed as AsyncIterable<Uint8Array>);
  }

  protected async lastWords(): Promise<string> {
    const log = await this.#container.logs({ stdout: true, stderr: true, tail: 30 }).catch(() => Buffer.from(''));
    // Each piece begins with eight bytes that tell the stream.
    return log.toString('utf8').replaceAll(/[^\t\n\x20-\uFFFF]/g, '');
  }

  protected async shutDown(): Promise<void> {
    await this.#end('SIGTERM');
  }

  protected async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** By the end of their first, the kernel ends them all. */
  async #end(how: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const container = this.#container;
    const ended = container.wait().catch(unlessGone);
    const kill = async (signal: string) => container.kill({ signal }).catch(unlessGone);
    await kill(how);
    const overdue = setTimeout(() => void kill('SIGKILL'), GRACE_MS);
    await ended;
    clearTimeout(overdue);
    this.#machine?.link.close();
    this.#machine = null;
  }
}

/** How long an engine may take to end its containers. */
const GRACE_MS = 60_000;

/** The user's Docker CLI with Compose and buildx, or those of packages. */
async function findCli(home: string, signal: AbortSignal | undefined): Promise<Pick<Parts, 'program' | 'plugins'>> {
  const [installed, plugins] = await Promise.all([
    findProgram('docker', pathFolders(process.env)),
    installedPlugins(process.env).then((found) => found ?? packagedPlugins(home, signal)),
  ]);
  const program = installed ?? (await packagedEngine.find(home, { signal }))?.docker;
  if (program === undefined) throw new OutlastError('NO_COMPOSE', 'There is no Docker CLI on PATH.');
  if (!plugins)
    throw new OutlastError(
      'NO_COMPOSE',
      'Compose and buildx are not installed, and no source has them for this machine.',
    );
  return { program, plugins };
}

/**
 * testcontainers looks for an engine by itself: it is to be this one.
 * @throws OutlastError HOST_CANNOT
 */
async function takeEngine({ docker, endpoint }: AmbientEngine): Promise<void> {
  process.env['DOCKER_HOST'] ??= endpoint;
  const [theirs, ours] = await Promise.all([
    getContainerRuntimeClient().then(
      async (client): Promise<{ ID?: string } | null> => client.container.dockerode.info(),
      () => null,
    ),
    docker.info() as Promise<{ ID?: string }>,
  ]);
  if (theirs?.ID !== ours.ID)
    throw new OutlastError('HOST_CANNOT', `testcontainers does not come to the engine at ${endpoint}.`);
}
