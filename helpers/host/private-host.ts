import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Docker from 'dockerode';
import { OutlastError } from '../errors.ts';
import { INIT, MACHINE } from './boot-script.ts';
import { runDocker, runDockerOrCompose, writeDockerConfig } from './cli.ts';
import type { EngineOptions, Toolchain } from './engine/engine.ts';
import { findEngine } from './engine/find-engine.ts';
import type { HostFiles } from './files/host-files.ts';
import { localFiles } from './files/local-files.ts';
import type { CliOptions, CliResult } from './host.ts';
import { OwnHost } from './own-host.ts';
import { childrenOf, identify, type ProcessIdentity, sendSignal } from './process-identity.ts';
import { makeRunFolder } from './run-folder.ts';
import {
  acquireSlot,
  cgroupOf,
  emptyFolder,
  emptyWorld,
  endTenant,
  forgetTenant,
  projectsOf,
  recordTenant,
  removeCgroups,
  slotsFolder,
  tenantToolchain,
  type Slot,
} from './slot.ts';
import { quietRestartPolicies, removeEverything } from './world.ts';

export interface PrivateHostOptions extends Pick<EngineOptions, 'engineVersionFrom' | 'from'> {
  readonly home: string;
  readonly signal?: AbortSignal | undefined;
  /** Found already; otherwise it is looked for. */
  readonly toolchain?: Toolchain;
  /** What `upgrade` boots from, one after the other. */
  readonly newer?: readonly Toolchain[];
  /** A slot that is held already; otherwise a free one is taken. */
  readonly slot?: Slot;
}

/** A machine of our own: an engine in namespaces of its own, that can be rebooted and killed. Linux, root. */
export class PrivateHost extends OwnHost {
  readonly kind = 'private';
  readonly id: string;
  readonly docker: Docker;
  readonly projectsDir: string;
  readonly files: HostFiles;
  readonly composeVersion: string;
  readonly #toolchains: readonly Toolchain[];
  /** A world that several engines have worked on is kept for no other host. */
  #engineChanged = false;
  #machine: Machine | null = null;
  readonly #slot: Slot;
  readonly #runFolder: string;
  readonly #slots: string;

  /** Takes a slot, boots an engine in it, and empties what the last host may have left there. */
  static async open(options: PrivateHostOptions): Promise<PrivateHost> {
    const { home, signal } = options;
    const toolchain = options.toolchain ?? (await findEngine(home, options));
    const slot = options.slot ?? (await acquireSlot(home, toolchain.engine.version));
    let host: PrivateHost | undefined;
    try {
      await endTenant(slot.folder);
      await Promise.all([emptyFolder(projectsOf(slot.folder)), quietRestartPolicies(slot.folder)]);
      await rm(path.join(slot.folder, 'engine.log'), { force: true });
      await writeFile(path.join(slot.folder, 'daemon.json'), '{}');
      await writeLibraryPath(slot.folder, toolchain);
      const runFolder = await makeRunFolder(home, async (folder) =>
        recordTenant(slot.folder, { init: null, runFolder: folder, toolchain }),
      );
      host = new PrivateHost(slot, runFolder, slotsFolder(home), [toolchain, ...(options.newer ?? [])]);
      await writeDockerConfig(host.dockerConfig, toolchain.plugins);
      await host.#firstBoot(signal);
      await removeEverything(host.docker);
      return host;
    } catch (error) {
      if (host) await host.#end();
      slot.lock.release();
      throw error;
    }
  }

  private constructor(slot: Slot, runFolder: string, slots: string, toolchains: readonly [Toolchain, ...Toolchain[]]) {
    super();
    this.#slot = slot;
    this.#runFolder = runFolder;
    this.#slots = slots;
    this.#toolchains = toolchains;
    this.id = `private-${slot.number}`;
    this.projectsDir = projectsOf(slot.folder);
    this.files = localFiles(this.projectsDir);
    this.composeVersion = toolchains[0].plugins.composeVersion;
    this.docker = new Docker({ socketPath: this.#socket });
  }

  /** What it runs on now. */
  get toolchain(): Toolchain {
    return this.#toolchains[this.rung] as Toolchain;
  }

  get #socket(): string {
    return path.join(this.#runFolder, 'docker.sock');
  }

  /** Folder of the Docker CLI's configuration, with its plugins. */
  get dockerConfig(): string {
    return path.join(this.#runFolder, 'config');
  }

  /** The engine's log since the host was opened. */
  get engineLog(): string {
    return path.join(this.#slot.folder, 'engine.log');
  }

  /** The socket as DOCKER_HOST names it. */
  get dockerHost(): string {
    return `unix://${this.#socket}`;
  }

  async bootId(): Promise<string | null> {
    const init = this.#machine?.init;
    if (!init) return null;
    const random = await readFile(bootFileOf(init), 'utf8').catch(() => null);
    const now = await identify(init.pid);
    return random === null || now === null ? null : `${random.trim()}@${now.startTime}`;
  }

  async bootedAt(): Promise<number | null> {
    const init = this.#machine?.init;
    if (!init) return null;
    return stat(bootFileOf(init)).then(
      ({ mtimeMs }) => mtimeMs,
      () => null,
    );
  }

  cli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
    const env = { DOCKER_HOST: this.dockerHost, DOCKER_CONFIG: this.dockerConfig };
    const { engine, plugins } = this.toolchain;
    return runDockerOrCompose({ docker: engine.docker, compose: plugins.compose }, args, env, options);
  }

  /** Runs a program of the outer filesystem inside the host: its processes, mounts and network. */
  async exec(argv: readonly string[], options: CliOptions = {}): Promise<CliResult> {
    const init = this.#machine?.init;
    if (!init) throw new OutlastError('INTERNAL', 'The private host is not running.');
    // The program is a child of nsenter's, which would leave it behind when it is ended itself.
    const tied = ['setpriv', '--pdeathsig', 'KILL', '--', ...argv];
    const enter = ['--target', String(init.pid), '--mount', '--pid', '--ipc', '--uts', '--net', '--', ...tied];
    const env = { PATH: this.#path, ...xtablesEnv(this.toolchain) };
    return runDocker('nsenter', enter, env, options);
  }

  protected get engines(): number {
    return this.#toolchains.length;
  }

  protected async changeEngine(): Promise<void> {
    // On record before it touches the world.
    await writeFile(path.join(this.#slot.folder, 'engine'), this.toolchain.engine.version);
    await writeLibraryPath(this.#slot.folder, this.toolchain);
    this.#engineChanged = true;
  }

  protected async leave(): Promise<void> {
    try {
      if (this.#machine && !this.#machine.over) {
        await removeEverything(this.docker);
        await this.shutDown();
      }
      await emptyFolder(this.projectsDir);
    } finally {
      await this.#end();
      if (this.#engineChanged) await emptyWorld(this.#slot.folder);
      this.#slot.lock.release();
    }
  }

  /** Ends every process and leaves nothing outside of the slot. */
  async #end(): Promise<void> {
    await this.kill();
    await rm(this.#runFolder, { recursive: true, force: true });
    await removeCgroups(this.#slot.folder);
    await forgetTenant(this.#slot.folder);
  }

  protected async shutDown(): Promise<void> {
    const machine = this.#machine;
    if (machine && !machine.over) {
      sendSignal(machine.init.pid, 'SIGTERM');
      await machine.ended;
    }
    this.#machine = null;
  }

  protected async kill(): Promise<void> {
    const machine = this.#machine;
    if (machine && !machine.over) {
      sendSignal(machine.init.pid, 'SIGKILL');
      await machine.ended;
    }
    this.#machine = null;
  }

  get #path(): string {
    const { engine, tools } = this.toolchain;
    const system = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
    const folders = [tools.iptables, path.dirname(tools.slirp4netns), path.dirname(engine.dockerd), ...engine.path];
    return [...new Set([...folders, ...system])].join(':');
  }

  /** A world that no engine boots on any more is worth less than a host: it is emptied. */
  async #firstBoot(signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.boot(signal);
    } catch (error) {
      const data = path.join(this.#slot.folder, 'world/docker');
      const isFault = error instanceof OutlastError && error.code === 'HOST_BOOT_FAILED';
      if (!isFault || (await readdir(data)).length === 0) throw error;
      await emptyFolder(data);
      await this.boot(signal);
    }
  }

  protected async start(): Promise<void> {
    await rm(this.#socket, { force: true });
    this.#machine = await startMachine(this.engineLog, this.#slot.folder, {
      OUTLAST_SLOT: this.#slot.folder,
      OUTLAST_SLOTS: this.#slots,
      OUTLAST_RUN: this.#runFolder,
      OUTLAST_BOOT: randomUUID(),
      OUTLAST_BUSYBOX: this.toolchain.tools.busybox,
      OUTLAST_CGROUP: cgroupOf(this.#slot.folder),
      OUTLAST_INIT: INIT,
      PATH: this.#path,
      ...xtablesEnv(this.toolchain),
    });
    const { init } = this.#machine;
    await recordTenant(this.#slot.folder, { init, runFolder: this.#runFolder, toolchain: this.toolchain });
  }

  protected get isOver(): boolean {
    return this.#machine?.over ?? true;
  }

  protected async lastWords(): Promise<string> {
    const log = await readFile(this.engineLog, 'utf8').catch(() => '');
    return log.split('\n').slice(-30).join('\n');
  }
}

/** Written by the init when its `/run` is new. */
function bootFileOf({ pid }: ProcessIdentity): string {
  return `/proc/${pid}/root/run/outlast-boot`;
}

/** The namespaces of a booted host. */
interface Machine {
  /** Pid 1 of the host, as the outside sees it. */
  readonly init: ProcessIdentity;
  /** Resolves when every process of it is gone. */
  readonly ended: Promise<unknown>;
  readonly over: boolean;
}

async function startMachine(logFile: string, slotFolder: string, env: Record<string, string>): Promise<Machine> {
  const namespaces = ['--mount', '--pid', '--ipc', '--uts', '--fork', '--kill-child', '--mount-proc'];
  const log = await open(logFile, 'a');
  let child: ChildProcess;
  try {
    child = spawn(
      'unshare',
      [...namespaces, '--propagation', 'private', 'sh', '-c', MACHINE, 'outlast-host', slotFolder],
      // A session of its own: an interrupt from the terminal is for us, and we take the host down in order.
      { detached: true, stdio: ['ignore', log.fd, log.fd], env: { ...process.env, ...env } },
    );
    await once(child, 'spawn');
  } finally {
    await log.close();
  }
  const ended = once(child, 'exit');
  const over = () => child.exitCode !== null || child.signalCode !== null;
  while (!over()) {
    const [first] = child.pid === undefined ? [] : await childrenOf(child.pid);
    const init = first === undefined ? null : await identify(first);
    if (init) {
      return {
        init,
        ended,
        get over() {
          return over();
        },
      };
    }
    await delay(1);
  }
  throw new OutlastError('HOST_BOOT_FAILED', 'The namespaces of the private host cannot be made.', {
    detail: await readFile(logFile, 'utf8').catch(() => ''),
  });
}

/** Where the loader inside the host finds what the toolchain needs; its cache is made at the next boot. */
async function writeLibraryPath(slotFolder: string, { engine, tools }: Toolchain): Promise<void> {
  const lines = ['include /etc/ld.so.conf', ...engine.libraries, ...tools.libraries, ''];
  await writeFile(path.join(slotFolder, 'ld.so.conf'), lines.join('\n'));
  await rm(path.join(slotFolder, 'ld.so.cache'), { force: true });
}

function xtablesEnv({ tools }: Toolchain): Record<string, string> {
  return tools.xtables === null ? {} : { XTABLES_LIBDIR: tools.xtables };
}

/** Ends what was left in a slot whose lock we hold, empties its world, and gives the slot back. */
export async function clearSlot(home: string, slot: Slot, signal?: AbortSignal): Promise<void> {
  const toolchain = await tenantToolchain(slot.folder);
  if (toolchain) {
    const host = await PrivateHost.open({ home, slot, toolchain, signal });
    await host[Symbol.asyncDispose]();
    return;
  }
  // The record was being written when its host died.
  await endTenant(slot.folder);
  await forgetTenant(slot.folder);
  slot.lock.release();
}

/** Whether this machine and user can have a private host at all. */
export function canHavePrivateHost(): boolean {
  return process.platform === 'linux' && process.getuid?.() === 0;
}
