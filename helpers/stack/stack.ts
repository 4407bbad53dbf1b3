import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join, posix, relative } from 'node:path';
import type Dockerode from 'dockerode';
import { OutlastError } from '../errors.ts';
import type { CliOptions, CliResult, Host } from '../host/host.ts';
import { openProbe } from '../probe/open-probe.ts';
import { openVisitor } from '../probe/open-visitor.ts';
import type { Probe } from '../probe/probe.ts';
import { isServed, type StoreDefinition } from '../stores/store.ts';
import { attest, inspectContainers, serviceOf } from './attestation.ts';
import type { Fact } from './proof.ts';
import { BindOwners } from './bind-owners.ts';
import { bindsOf, type BindSource } from './bind-sources.ts';
import { inWords, laterVersionOf, type LaterVersions } from './later-version.ts';
import { layBind } from './lay-bind.ts';
import type { MovedProject } from './moved-project.ts';
import { userPath } from './mounts.ts';
import { writtenProject, type ProjectModel } from './project-model.ts';
import { shadowOf, type Shadow, type ShadowBind, type ShadowOptions } from './shadow.ts';
import { untilEvent } from './watch.ts';
import { isWithin } from './within.ts';

/** Why a service is not up. */
export type ServiceState = 'up' | 'not-running' | 'not-ready';

const REBUILD_LABEL = 'dev.outlast.rebuild';

interface ProjectOptions extends Omit<
  ShadowOptions,
  'folder' | 'checkout' | 'neutralName' | 'hostKind' | 'engineVersion'
> {
  /** The project as it is once its folder has another name. */
  readonly resolveMoved: (signal: AbortSignal) => Promise<MovedProject>;
  /** Variables that secrets and configs are taken from. */
  readonly environment: Readonly<Record<string, string>>;
  readonly stores: readonly StoreDefinition[];
  /** The later versions that a rebuild brings. */
  readonly laterVersions: LaterVersions;
}

/** A shadow where it lies on its host. */
interface Layout {
  readonly shadow: Shadow;
  /** Folder of the user's Compose file, … */
  readonly origin: string;
  /** … and the one on the host that stands for it. */
  readonly checkout: string;
  /** The shadow as a Compose file of this machine. */
  readonly file: string;
  readonly bindOwners: BindOwners;
}

/** A shadow on its host, not started: it can be built and brought up, and nothing else. */
export class Project {
  readonly host: Host;
  /** What is to answer before its service is ready. */
  #stores: readonly StoreDefinition[];
  readonly #folder: string;
  readonly #options: ProjectOptions;
  readonly #home: Layout;
  /** Once its folder got another name. */
  #away: Layout | null = null;
  #layout: Layout;
  #rebuilds = 0;
  #isLater = false;

  private constructor(host: Host, home: Layout, folder: string, options: ProjectOptions) {
    this.host = host;
    this.#home = home;
    this.#layout = home;
    this.#stores = options.stores;
    this.#folder = folder;
    this.#options = options;
  }

  /**
   * Lays the shadow and its bind sources out on the host.
   * @throws OutlastError USAGE as `shadowOf`
   */
  static async prepare(host: Host, model: ProjectModel, options: ProjectOptions): Promise<Project> {
    const folder = join(host.projectsDir, model.name);
    const toolbox = { ...options.toolbox, folder: await host.files.bring(options.toolbox.folder) };
    const home = layoutOf(host, model, { ...options, toolbox }, folder, {
      checkout: 'checkout',
      neutralName: `outlast-${options.runId}`,
    });
    const project = new Project(host, home, folder, { ...options, toolbox });
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeModel(home.shadow.model, home.file);
    await project.renew();
    return project;
  }

  get shadow(): Shadow {
    return this.#layout.shadow;
  }

  get bindOwners(): BindOwners {
    return this.#layout.bindOwners;
  }

  /** Stores that have to answer before their service counts as ready. */
  get stores(): readonly StoreDefinition[] {
    return this.#stores;
  }

  follow(stores: readonly StoreDefinition[]): void {
    this.#stores = stores;
  }

  get name(): string {
    return this.shadow.model.name;
  }

  /** Services that are built here. */
  get built(): string[] {
    return Object.entries(this.shadow.model.services)
      .filter(([, service]) => service.build)
      .map(([name]) => name);
  }

  /** What its services run, as the engine knows it. */
  get images(): string[] {
    const services = Object.entries(this.shadow.model.services);
    return [...new Set(services.map(([name, { image }]) => image ?? `${this.name}-${name}`))];
  }

  /** Where a bind source of the shadow lies for the user, from the folder of the Compose file. */
  userPathOf(source: string): string | null {
    const bind = this.shadow.binds.find((each) => each.source === source);
    return bind ? userPath(this.#layout.origin, bind.original) : null;
  }

  /** Has the service a folder of the user's that it may write? */
  hasWritableBind(service: string): boolean {
    const folders = new Set(writableFolders(this.shadow).map(({ source }) => source));
    const mounts = this.shadow.model.services[service]?.volumes ?? [];
    return mounts.some(({ source, read_only }) => read_only !== true && source !== undefined && folders.has(source));
  }

  /** Services whose end others wait for: they are done when they have ended, not when they run. */
  get oneShots(): Set<string> {
    return new Set(
      Object.values(this.shadow.model.services).flatMap(({ depends_on = {} }) =>
        Object.entries(depends_on)
          .filter(([, { condition }]) => condition === 'service_completed_successfully')
          .map(([name]) => name),
      ),
    );
  }

  /** Names of the volumes on the engine that the Compose file names. */
  get namedVolumes(): Set<string> {
    return new Set(
      Object.entries(this.shadow.model.volumes ?? {}).map(([key, volume]) => volume?.name ?? `${this.name}_${key}`),
    );
  }

  /** `docker compose …args` on the shadow. Never throws for a non-zero exit. */
  async compose(
    args: readonly string[],
    signal?: AbortSignal,
    files: Pick<CliOptions, 'stdin' | 'stdout'> = {},
  ): Promise<CliResult> {
    return this.#composeIn(this.#layout, args, signal, files);
  }

  async #composeIn(
    { shadow, file, checkout }: Layout,
    args: readonly string[],
    signal?: AbortSignal,
    files: Pick<CliOptions, 'stdin' | 'stdout'> = {},
  ): Promise<CliResult> {
    return this.host.cli(['compose', '-p', shadow.model.name, '-f', file, '--project-directory', checkout, ...args], {
      ...files,
      env: this.#options.environment,
      signal,
    });
  }

  /** @throws OutlastError BUILD_FAILED, DISK_FULL */
  async build(signal?: AbortSignal): Promise<void> {
    if (this.built.length === 0) return;
    const result = await this.compose(['build'], signal);
    if (result.exitCode !== 0) throw composeFault('BUILD_FAILED', result);
  }

  /** Services whose image a rebuild replaces. */
  get rebuilt(): string[] {
    return [...new Set([...this.built, ...this.#options.laterVersions.keys()])];
  }

  /** Makes the next `up --build` give every service of `rebuilt` another image: that of its later version where one is named. @returns the later versions, in words */
  async outdateImages(): Promise<string[]> {
    this.#rebuilds++;
    const { laterVersions } = this.#options;
    const services = Object.entries(this.shadow.model.services).map(([name, service]) => {
      const version = laterVersions.get(name);
      // What is said to make a later version has to do so by itself.
      if (version) return [name, laterVersionOf(service, version)];
      const { build } = service;
      const labels = { ...build?.labels, [REBUILD_LABEL]: String(this.#rebuilds) };
      return [name, build ? { ...service, build: { ...build, labels } } : service];
    });
    await writeModel({ ...this.shadow.model, services: Object.fromEntries(services) }, this.#layout.file);
    this.#isLater = laterVersions.size > 0;
    return [...laterVersions].map(([name, version]) => inWords(name, version));
  }

  /** Do later versions run than the user's files name? */
  get isLater(): boolean {
    return this.#isLater;
  }

  /** Makes the next `up` start the versions that the user's files name. @throws OutlastError BUILD_FAILED, DISK_FULL */
  async restoreImages(signal?: AbortSignal): Promise<void> {
    await writeModel(this.shadow.model, this.#layout.file);
    await this.build(signal);
    this.#isLater = false;
  }

  /** Has its folder another name? */
  get isMoved(): boolean {
    return this.#layout !== this.#home;
  }

  /** Gives its folder another name while nothing of it runs; what was built is there for it by its new name too. @returns the command by which a person would do it */
  async move(signal: AbortSignal): Promise<string> {
    this.#away ??= await this.#layoutAway(signal);
    const images = this.images;
    await this.host.files.rename(this.#home.checkout, this.#away.checkout);
    this.#layout = this.#away;
    await Promise.all(
      this.images.map(async (image, index) => {
        const was = images[index] ?? image;
        if (was !== image) await this.host.docker.getImage(was).tag({ repo: image, tag: 'latest' });
      }),
    );
    return `mv ${this.#home.origin} ${this.#away.origin}`;
  }

  /** Gives its folder the old name again, and takes away the volumes that came with the new one. @returns the command by which a person would do it */
  async moveBack(): Promise<string> {
    const away = this.#layout;
    const mine = this.namedVolumes;
    await this.host.files.rename(away.checkout, this.#home.checkout);
    this.#layout = this.#home;
    const came = [...mine].filter((name) => !this.namedVolumes.has(name));
    await Promise.all(came.map(async (name) => this.host.docker.getVolume(name).remove()));
    return `mv ${away.origin} ${this.#home.origin}`;
  }

  /** Where a bind source that lay there before its folder got another name lies now. */
  whereabouts(source: string): string {
    const { checkout } = this.#home;
    return isWithin(checkout, source) ? posix.join(this.#layout.checkout, posix.relative(checkout, source)) : source;
  }

  async #layoutAway(signal: AbortSignal): Promise<Layout> {
    const { origin, runId, binds, resolveMoved } = this.#options;
    const { model, folder } = await resolveMoved(signal);
    const known = binds.map((bind) =>
      isWithin(origin, bind.original) ? { ...bind, original: join(folder, relative(origin, bind.original)) } : bind,
    );
    const options = { ...this.#options, origin: folder, binds: [...known, ...leftBehind(model, known)] };
    const isRenamed = model.name !== this.#home.shadow.model.name;
    const away = layoutOf(this.host, model, options, this.#folder, {
      checkout: 'checkout-moved',
      neutralName: isRenamed ? `outlast-${runId}-moved` : `outlast-${runId}`,
    });
    await writeModel(away.shadow.model, away.file);
    return away;
  }

  /** @throws OutlastError UP_FAILED, IMAGE_UNAVAILABLE, DISK_FULL; STORE_REFUSED; NEVER_READY with the log of the service. */
  async up(timeoutMs: number, signal?: AbortSignal): Promise<RunningStack> {
    const result = await this.compose(['up', '-d', '--no-build', '--quiet-pull'], signal);
    if (result.exitCode !== 0) throw composeFault('UP_FAILED', result);
    const stack = new RunningStack(this);
    const states = await stack.ready(timeoutMs, signal);
    for (const [service, state] of states) {
      if (state === 'up') continue;
      const refusal = stack.refusals.get(service);
      if (refusal !== undefined) throw new OutlastError('STORE_REFUSED', `The service "${service}": ${refusal}`);
      const log = await this.compose(['logs', '--no-color', '--tail', '20', service]);
      const doubt = stack.doubts.get(service);
      throw new OutlastError('NEVER_READY', `The service "${service}" is ${state} after ${timeoutMs / 1000} s.`, {
        detail: [log.stdout.trim() || log.stderr.trim(), ...(doubt === undefined ? [] : [doubt])].join('\n'),
      });
    }
    return stack;
  }

  /** `erase`, and the images that were built on a host that is not ours. */
  async destroy(): Promise<void> {
    await this.erase(this.host.kind === 'ambient' ? ['--rmi', 'local'] : []);
    // A volume that somebody holds stays, and `down` exits 0 all the same: the next stack would begin with old data.
    const left = await this.remains().catch(() => []);
    if (left.length > 0) throw new OutlastError('INTERNAL', `Of ${this.name} there is still ${left.join(', ')}.`);
  }

  /** Removes containers, volumes and networks of the shadow, and its bind sources: the next `up` starts from nothing. */
  async erase(more: readonly string[] = []): Promise<void> {
    const layouts = [this.#home, ...(this.#away ? [this.#away] : [])];
    const containers = await Promise.all(
      layouts.map(async ({ shadow }) => inspectContainers(this.host.docker, shadow.model.name)),
    );
    const anonymous = containers
      .flat()
      .flatMap(({ Mounts }) => Mounts.filter(({ Type }) => Type === 'volume').map(({ Name }) => Name ?? ''));
    for (const layout of layouts)
      await this.#composeIn(layout, ['down', '-v', '--remove-orphans', '--timeout', '0', ...more]);
    // `down` leaves behind the anonymous volumes of containers that were replaced.
    await Promise.all(
      anonymous.map(async (name) => {
        await this.host.docker
          .getVolume(name)
          .remove()
          .catch(() => {});
      }),
    );
    const folders = [...this.#bindFolders, ...(this.#away ? [this.#away.checkout] : [])];
    await Promise.all(folders.map(async (path) => this.host.files.remove(path)));
    this.#layout = this.#home;
    this.bindOwners.forget();
  }

  /** What of the shadow is there on the host, by kind and name; after `erase`: nothing. */
  async remains(): Promise<string[]> {
    const facts = (await attest(this.host, this.name)).filter(({ kind }) => kind !== 'engine' && kind !== 'boot');
    const folders = this.#bindFolders;
    const binds = await Promise.all(folders.map(async (path) => this.host.files.list(path)));
    return [
      ...facts.map(({ kind, subject }) => `${subject} ${kind}`),
      ...binds
        .flat()
        .filter(({ path }) => folders.includes(posix.dirname(path)))
        .map(({ path }) => `the bind source ${posix.basename(path)}`),
    ];
  }

  /** Lays the bind sources out, anew after `erase`, for the versions that the user's files name. Those of a `blank` stack hold none of the data that was copied. */
  async renew({ blank = false }: { readonly blank?: boolean } = {}): Promise<void> {
    if (this.#isLater) await this.restoreImages();
    const whole = this.#options.data === 'copy' && !blank;
    await this.host.files.makeFolder(this.#home.checkout);
    await Promise.all(this.shadow.binds.map(async (bind) => layBind(this.host.files, bind, whole)));
  }

  /** Beside the folder of the project, and below it. */
  get #bindFolders(): string[] {
    const { checkout } = this.#home;
    return [posix.dirname(checkout), checkout].map((folder) => posix.join(folder, 'binds'));
  }
}

function layoutOf(
  { kind: hostKind, engineVersion, files }: Host,
  model: ProjectModel,
  options: Omit<ProjectOptions, 'resolveMoved' | 'laterVersions'>,
  folder: string,
  { checkout: name, neutralName }: { readonly checkout: string; readonly neutralName: string },
): Layout {
  const { origin } = options;
  const onHost = posix.join(files.folder, basename(folder));
  const checkout = posix.join(onHost, name);
  const shadow = shadowOf(model, { ...options, folder: onHost, checkout, neutralName, hostKind, engineVersion });
  const writable = writableFolders(shadow).map(({ source, original }) => ({
    source,
    name: userPath(origin, original),
  }));
  return {
    shadow,
    origin,
    checkout,
    file: join(folder, `${name}.compose.json`),
    bindOwners: new BindOwners(files, writable),
  };
}

async function writeModel(model: ProjectModel, file: string): Promise<void> {
  await writeFile(file, writtenProject(model), { mode: 0o600 });
}

/** Sources that were in the folder and are named by their whole path: nothing is there any more. */
function leftBehind(model: ProjectModel, known: readonly BindSource[]): BindSource[] {
  const there = new Set(known.map(({ original }) => original));
  const left = bindsOf(model).filter(({ original }) => !there.has(original));
  return left.map(({ original, readOnly }) => ({ original, readOnly, kind: 'absent', tracked: [] }));
}

/** The binds that are folders, or become some, and that a service may write. */
function writableFolders({ binds }: Shadow): ShadowBind[] {
  return binds.filter(({ kind, readOnly }) => !readOnly && (kind === 'folder' || kind === 'absent'));
}

/** A stack whose containers exist: it can be entered, disrupted and attested. */
export class RunningStack {
  readonly project: Project;
  readonly #probes = new Map<string, Promise<Probe>>();
  /** What the health check of a service, or its store, said when it last did not pass. */
  readonly doubts = new Map<string, string>();
  /** Services with a store that refuses the login. */
  readonly refusals = new Map<string, string>();
  /** Services that were seen to run: their end is no success. */
  readonly #longRunning = new Set<string>();

  constructor(project: Project) {
    this.project = project;
  }

  async attest(): Promise<Fact[]> {
    const [facts, owners] = await Promise.all([
      attest(this.project.host, this.project.name),
      this.project.bindOwners.facts(),
    ]);
    return [...facts, ...owners];
  }

  async containers(): Promise<Dockerode.ContainerInspectInfo[]> {
    return inspectContainers(this.project.host.docker, this.project.name);
  }

  /** The container of a service, whatever its state. */
  async container(service: string): Promise<Dockerode.ContainerInspectInfo | undefined> {
    return (await this.containers()).find((container) => serviceOf(container) === service);
  }

  /**
   * The agent in a service's container; opened once for each container, until `leave`.
   * @throws Error when the service has no running container.
   */
  async probe(service: string, signal?: AbortSignal): Promise<Probe> {
    const container = await this.container(service);
    if (!container?.State.Running) throw new Error(`The service "${service}" is not running.`);
    return this.#probeOf(container, signal);
  }

  /**
   * The agent beside a service that does not run: in a container of its image with the same mounts, and nothing of the app's started.
   * It sees neither the service's own layer nor its tmpfs. Closing it removes the container.
   * @throws Error when the service has no container.
   */
  async visit(service: string, signal?: AbortSignal): Promise<Probe> {
    const container = await this.container(service);
    if (!container) throw new Error(`The service "${service}" has no container.`);
    return openVisitor(this.project.host.docker, container, signal);
  }

  /** Closes every agent, so that nothing but the app holds its data. */
  async leave(): Promise<void> {
    const opened = [...this.#probes.values()];
    this.#probes.clear();
    await Promise.allSettled(opened.map(async (opening) => (await opening)[Symbol.asyncDispose]()));
  }

  async #probeOf({ Id, State }: Dockerode.ContainerInspectInfo, signal?: AbortSignal): Promise<Probe> {
    // A restarted container is the same by its id, but the agent in it died.
    const key = `${Id} ${State.StartedAt}`;
    const opening = this.#probes.get(key) ?? openProbe(this.project.host.docker, Id, signal ? { signal } : {});
    this.#probes.set(key, opening);
    return opening.catch((error: unknown) => {
      this.#probes.delete(key);
      throw error;
    });
  }

  /** Waits until every service (or each of those given) is up or the time is over. A service is up when it runs, its own health check passes and its stores answer, or when its work is done. */
  async ready(
    timeoutMs: number,
    signal?: AbortSignal,
    services: readonly string[] = Object.keys(this.project.shadow.model.services),
  ): Promise<Map<string, ServiceState>> {
    this.refusals.clear();
    const deadline = Date.now() + timeoutMs;
    const limit = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])]);
    const { oneShots } = this.project;
    const states = await Promise.all(
      services.map(async (service): Promise<[string, ServiceState]> => {
        let last: ServiceState = 'not-running';
        const check = async (): Promise<ServiceState | undefined> => {
          const container = await this.container(service);
          if (container?.State.Running !== true || container.State.Restarting) {
            last = 'not-running';
            // Nothing will start it again: there is nothing to wait for.
            if (container && hasEnded(container)) return this.#isOneShot(service, container) ? 'up' : 'not-running';
            return undefined;
          }
          last = 'not-ready';
          if (oneShots.has(service)) return undefined;
          this.#longRunning.add(service);
          if (!(await this.#healthy(container, deadline, signal))) return undefined;
          if (await this.#answers(container, deadline, signal)) return 'up';
          return this.refusals.has(service) ? 'not-ready' : undefined;
        };
        try {
          return [service, await untilEvent(this.project.host.docker, this.project.name, check, limit)];
        } catch (error) {
          // Before the time is over it is the engine that failed, and no service.
          if (signal?.aborted || !limit.aborted) throw error;
          return [service, last];
        }
      }),
    );
    return new Map(states);
  }

  /** Runs to its end by design, as an init service does. */
  #isOneShot(service: string, { State }: Dockerode.ContainerInspectInfo): boolean {
    return State.ExitCode === 0 && !this.#longRunning.has(service);
  }

  async #healthy(container: Dockerode.ContainerInspectInfo, deadline: number, signal?: AbortSignal): Promise<boolean> {
    const test = healthTestOf(container);
    if (test.length === 0) return true;
    try {
      const probe = await this.#probeOf(container, signal);
      const { healthy, output } = await probe.health(test, Math.max(1, deadline - Date.now()));
      if (!healthy) this.doubts.set(serviceOf(container), `health check: ${output}`);
      return healthy;
    } catch (error) {
      // The container died under the probe; its next start wakes the check again.
      this.doubts.set(serviceOf(container), `health check: ${String(error)}`);
      return false;
    }
  }

  /** A server that runs may be making its database still, or reading it. */
  async #answers(container: Dockerode.ContainerInspectInfo, deadline: number, signal?: AbortSignal): Promise<boolean> {
    const service = serviceOf(container);
    const stores = this.project.stores.filter((store) => store.service === service && isServed(store));
    const answering = await Promise.all(
      stores.map(async (store) => {
        try {
          const probe = await this.#probeOf(container, signal);
          const { answers, refused, output } = await probe.answers(store, Math.max(1, deadline - Date.now()));
          if (!answers) this.doubts.set(service, `store "${store.id}": ${output}`);
          if (refused) this.refusals.set(service, `store "${store.id}": ${output}`);
          return answers;
        } catch (error) {
          this.doubts.set(service, `store "${store.id}": ${String(error)}`);
          return false;
        }
      }),
    );
    return answering.every(Boolean);
  }
}

/** Argument vector of the service's own health check; empty where there is none. */
export function healthTestOf({ Config }: Dockerode.ContainerInspectInfo): readonly string[] {
  const test = (Config.Healthcheck as { Test?: string[] } | undefined)?.Test ?? [];
  return test[0] === 'NONE' ? [] : test;
}

/** A container that stands still and that the engine will not start again. */
function hasEnded({ State, HostConfig }: Dockerode.ContainerInspectInfo): boolean {
  if (State.Status !== 'exited' && State.Status !== 'dead') return false;
  const policy = HostConfig.RestartPolicy?.Name ?? '';
  return policy === '' || policy === 'no' || (policy === 'on-failure' && State.ExitCode === 0);
}

function composeFault(code: 'BUILD_FAILED' | 'UP_FAILED', result: CliResult): OutlastError {
  const said = `${result.stdout}\n${result.stderr}`.trim();
  const detail = said.split('\n').slice(-25).join('\n');
  const last = result.stderr.trim().split('\n').at(-1) ?? '';
  if (/no space left on device|ENOSPC/i.test(said)) return new OutlastError('DISK_FULL', last, { detail });
  if (
    /pull access denied|manifest unknown|failed to resolve (source metadata|reference)|no such host|not found: manifest/i.test(
      said,
    )
  ) {
    return new OutlastError('IMAGE_UNAVAILABLE', last, { detail });
  }
  return new OutlastError(code, last, { detail });
}
