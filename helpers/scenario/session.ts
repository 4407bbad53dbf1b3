import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { auditProject, type Audited } from '../audit/audit-project.ts';
import { sweepBaseImages } from '../cleanup/base-images.ts';
import { openRun, type Run } from '../cleanup/run.ts';
import { sweep } from '../cleanup/sweep.ts';
import { VolumeWatch } from '../cleanup/volume-watch.ts';
import { servicesOf, type Backup } from '../config/backup.ts';
import { readConfig, type ConfigFile } from '../config/config.ts';
import type { GatePolicy } from '../config/gate.ts';
import { discoverStores, type LikelyBackup } from '../discovery/discover-stores.ts';
import { CleanUpError, OutlastError } from '../errors.ts';
import { outlastHome } from '../home.ts';
import { ensureBaseImage, type BaseImage } from '../host/base-image.ts';
import { findGit } from '../host/engine/find-git.ts';
import type { Host, HostKind } from '../host/host.ts';
import { findAmbientEngine } from '../host/ambient-host.ts';
import { copyImages, ensureImage, type ImageOptions } from '../host/images.ts';
import { openHost, openOldestHost, type OpenHostOptions } from '../host/open-host.ts';
import { Redactor } from '../redact.ts';
import { ownToolbox } from '../probe/own-toolbox.ts';
import type { HeldToolbox, Toolbox } from '../probe/toolbox.ts';
import type { ComposeFiles } from '../stack/compose-files.ts';
import { revisionOf, type Revision } from '../stack/revision.ts';
import { mountsOf, type MountRecord } from '../stack/mounts.ts';
import { resolveMoved } from '../stack/moved-project.ts';
import { carriedVariables, resolveProject, type ComposeOptions, type ProjectModel } from '../stack/project-model.ts';
import { refusedKeys } from '../stack/allow-list.ts';
import { COPY_LIMIT, examineBinds, type BindSource, type DataChoice } from '../stack/bind-sources.ts';
import { laterVersions, type LaterVersions } from '../stack/later-version.ts';
import { leaveOut } from '../stack/leave-out.ts';
import { learnFromProject, learnFromSources } from '../stack/learn-secrets.ts';
import { refuse, refuseUnknown } from '../stack/refusals.ts';
import { SourceLines } from '../stack/source-lines.ts';
import { BASE_IMAGE_ARG } from '../stack/shadow.ts';
import { Project, type RunningStack } from '../stack/stack.ts';
import type { StoreDefinition } from '../stores/store.ts';
import type { Expectation } from '../verdict/expectation.ts';
import { Ledger } from '../verdict/ledger.ts';
import type { Reason } from '../verdict/model.ts';
import { Matrix, type OwnProject } from './matrix.ts';
import type { StoreRecord } from './record.ts';
import { checkPlaces } from './store-places.ts';

export interface SessionOptions {
  readonly runId: string;
  readonly compose: ComposeFiles;
  readonly profiles?: readonly string[];
  readonly envFiles?: readonly string[];
  /** `null`: none is read. */
  readonly configFile?: string | null | undefined;
  /** Ids of the stores to watch; all by default. */
  readonly only?: readonly string[] | undefined;
  readonly hostKind?: HostKind | undefined;
  /** Were the disruptions asked for by name? So they are by default. */
  readonly asked?: boolean;
  /** What writable folders of the user's begin with; `empty` by default. */
  readonly data?: DataChoice | undefined;
  /** Keys that are let through though they are not known to be harmless. */
  readonly allow?: readonly string[];
  /** Services that have a way out of the host. */
  readonly egress?: readonly string[];
  /** Is anything to be done that cannot be done without a backup? */
  readonly needsBackup?: boolean;
  /** Where reports go: no part of the stack, whatever lies there. */
  readonly reportFolder?: string;
  /** Learns what is secret in the user's files as they are read; by default one of the session's own. */
  readonly redactor?: Redactor;
  /** An earlier run that this one is to be compared with, and its stack. */
  readonly baseline?: { readonly file: string; readonly stack: string | null } | null;
  readonly markers: number;
  readonly seed: string;
  /** How long services may take to become ready; by default what the configuration says. */
  readonly timeoutMs?: number | undefined;
  readonly signal: AbortSignal;
}

/** Seconds that services may take to become ready, where nobody said otherwise. */
const TIMEOUT = 60;

/** One stack on one host, from nothing to its matrix, and back to nothing. Each step does what the ones before it have not. */
export class Session implements AsyncDisposable {
  readonly #options: SessionOptions;
  readonly #given: Host | undefined;
  #ledger: Ledger | null = null;
  #run: Run | null = null;
  #volumes: VolumeWatch | null = null;
  #host: Host | null = null;
  #model: ProjectModel | null = null;
  #revision: Revision | null = null;
  #config: ConfigFile | null = null;
  /** What leaving services out has altered. */
  #omissions: readonly string[] = [];
  #composeOptions: ComposeOptions = {};
  #binds: readonly BindSource[] = [];
  #toolbox: HeldToolbox | null = null;
  #environment: Readonly<Record<string, string>> = {};
  /** `null`: nobody said; the running stack tells. */
  #stores: readonly StoreDefinition[] | null = null;
  #backups: readonly LikelyBackup[] = [];
  #backup: Backup | null = null;
  #laterVersions: LaterVersions = new Map();
  #baseImage: BaseImage | null = null;
  #project: Project | null = null;
  #matrix: Matrix | null = null;
  readonly #otherHosts: HostRecord[] = [];
  /** Knows the secrets of the stack once the user's files were read. */
  readonly redactor: Redactor;

  /** @param host one that outlives the session; without it the session opens and closes its own. */
  constructor(options: SessionOptions, host?: Host) {
    this.#options = options;
    this.redactor = options.redactor ?? new Redactor();
    this.#given = host;
  }

  get runId(): string {
    return this.#options.runId;
  }

  get seed(): string {
    return this.#options.seed;
  }

  get services(): string[] {
    return Object.keys(this.#model?.services ?? {});
  }

  /** What may be lost, as the configuration says. */
  get expectations(): readonly Expectation[] {
    return this.#config?.expect ?? [];
  }

  /** What the configuration says of the gate, once it was read; `null`: nothing. */
  get policy(): GatePolicy | null {
    return this.#config?.gate ?? null;
  }

  get #timeoutMs(): number {
    return this.#options.timeoutMs ?? (this.#config?.limits?.timeout ?? TIMEOUT) * 1000;
  }

  /** The name of the stack, and in which state its files were when they were read. @throws Error before that */
  get subject(): Revision & { readonly name: string } {
    if (!this.#model || !this.#revision) throw new Error('The project was not read.');
    return { name: this.#model.name, ...this.#revision };
  }

  /**
   * Opens the host and reads the user's files there.
   * @throws OutlastError for a host that cannot be had, a Compose file or a configuration that is not valid
   */
  async openHost(): Promise<Host> {
    if (this.#host) return this.#host;
    const { compose, configFile, only, runId, signal, hostKind } = this.#options;
    const config = await readConfig(compose.folder, configFile);
    this.#config = config;
    if (this.#options.needsBackup === true && !config?.backup)
      throw new OutlastError(
        'NO_BACKUP',
        `${configFile ?? join(compose.folder, 'outlast.yaml')} says nothing of a backup.`,
      );
    const home = await outlastHome();
    await sweep(home, signal);
    this.#run = await openRun(home, runId);
    // Outside of the stack. A step of the machine's clock must not change what came before what.
    this.#ledger = new Ledger(join(this.#run.folder, 'ledger.sqlite'), () =>
      Math.round(performance.timeOrigin + performance.now()),
    );
    const host = this.#given ?? (await openHost({ kind: hostKind, home, run: this.#run, signal }));
    this.#host = host;
    // A host of ours is wiped whole.
    if (host.kind === 'ambient') this.#volumes = await VolumeWatch.open(host.docker, this.#run);
    const takeToolbox = async (): Promise<void> => {
      this.#toolbox = await ownToolbox(home, signal);
    };
    await Promise.all([takeToolbox(), this.#readProject(host, home)]);
    if (config?.stores) this.#stores = chosenStores(checkedStores(config, this.services), only);
    this.#backup = checkedBackup(config, this.services);
    return host;
  }

  /** What the user's files say, if a shadow can be made of it that harms nobody. */
  async #readProject(host: Host, home: string): Promise<void> {
    const { compose, allow = [], data = 'empty', signal } = this.#options;
    const lines = await SourceLines.read(compose.files);
    // Before the run, which takes a while: what is changed meanwhile was not tested.
    const { profiles = [], envFiles = [], reportFolder: apart } = this.#options;
    this.#revision = await revisionOf(lines, compose.folder, { profiles, envFiles, apart });
    await learnFromSources(this.redactor, lines, this.#options.envFiles ?? []);
    refuse(lines.remotes, allow, lines);
    const options: ComposeOptions = {
      profiles: this.#options.profiles ?? [],
      envFiles: this.#options.envFiles ?? [],
      remote: allow.includes('include') || lines.remotes.length > 0,
    };
    this.#composeOptions = options;
    const model = await resolveProject(host, compose, options, signal);
    const { baseline } = this.#options;
    if (baseline && baseline.stack !== model.name)
      throw new OutlastError(
        'BASELINE_OTHER_STACK',
        `${baseline.file} is of ${baseline.stack ?? 'no stack'}, and this is ${model.name}.`,
      );
    const { model: kept, changes } = leaveOut(model, this.#config);
    const git = await findGit(home, signal);
    const limit = this.#config?.limits?.copy ?? COPY_LIMIT;
    const { sources, refused, keys } = await examineBinds(kept, { data, git, allow, limit });
    const refusals = [...refusedKeys(kept), ...refused];
    // Whether a file is fetched from elsewhere is not always to be seen.
    const remote = /^include\s*:/m.test(lines.texts.join('\n')) ? ['include'] : [];
    refuseUnknown(allow, [...[...lines.remotes, ...refusals].map(({ key }) => key), ...keys, ...remote]);
    refuse(refusals, allow, lines);
    // Of a service that is left out too.
    this.#environment = await carriedVariables(host, compose, model, options, signal);
    await learnFromProject(this.redactor, model, this.#environment);
    this.#model = kept;
    this.#omissions = changes;
    this.#laterVersions = laterVersions(kept, this.#config);
    this.#binds = sources;
  }

  /** @throws OutlastError BUILD_FAILED, IMAGE_UNAVAILABLE, DISK_FULL */
  async build(): Promise<Project> {
    if (this.#project) return this.#project;
    const host = await this.openHost();
    const home = await outlastHome();
    const { signal } = this.#options;
    const model = this.#model as ProjectModel;
    const images: ImageOptions = {
      home,
      ambient: host.kind === 'ambient' ? null : (await findAmbientEngine())?.docker,
      signal,
    };
    const base = Object.values(model.services)
      .map((service) => service.build?.args?.[BASE_IMAGE_ARG])
      .find((image) => typeof image === 'string');
    const named = Object.values(model.services).flatMap(({ image, build }) =>
      image === undefined || build ? [] : [image],
    );
    const later = [...this.#laterVersions.values()].flatMap((version) => ('image' in version ? [version.image] : []));
    [this.#baseImage] = await Promise.all([
      base === undefined ? null : ensureBaseImage(host, base, images),
      ...[...new Set([...named, ...later])].map(async (image) => ensureImage(host, image, images)),
    ]);
    if (host.kind === 'ambient' && this.#baseImage?.origin === 'assembled')
      await sweepBaseImages(host.docker, { home, runId: this.runId, kept: this.#baseImage.ref });
    this.#project = await this.#prepare(host);
    await this.#project.build(signal);
    return this.#project;
  }

  /** Databases that discovery takes for copies of others: nothing is written into them. */
  get backups(): readonly LikelyBackup[] {
    return this.#backups;
  }

  /**
   * What the user's files tell before anything of the stack has started; the engine knows its images by now.
   * @throws OutlastError as `build`, and NO_DOCKERFILE
   */
  async audit(): Promise<Audited> {
    const { host } = await this.build();
    const { compose, configFile } = this.#options;
    return auditProject(this.#model as ProjectModel, { compose, configFile, docker: host.docker });
  }

  async #prepare(host: Host, data: DataChoice = this.#options.data ?? 'empty'): Promise<Project> {
    return Project.prepare(host, this.#model as ProjectModel, {
      runId: this.runId,
      binds: this.#binds,
      data,
      egress: this.#options.egress ?? [],
      environment: this.#environment,
      origin: this.#options.compose.folder,
      resolveMoved: async (signal) => {
        const { folder } = this.#run as Run;
        const moved = await resolveMoved(host, this.#options.compose, folder, this.#composeOptions, signal);
        return { ...moved, model: leaveOut(moved.model, this.#config).model };
      },
      stores: this.#stores ?? [],
      laterVersions: this.#laterVersions,
      toolbox: this.#toolbox as Toolbox,
      baseImage: this.#baseImage?.origin === 'assembled' ? this.#baseImage : null,
    });
  }

  /** The same stack on a host that begins with the oldest engine that can be had. */
  async #onOldestEngine(): Promise<OwnProject | Reason> {
    const built = await this.build();
    if (built.host.kind === 'ambient') return 'needs-host';
    const host = await openOldestHost(await this.#hostOptions(built.host.kind));
    return host ? this.#carryTo(host, built, this.#options.data) : 'needs-engines';
  }

  /** The same stack on a second host, where nothing of its data ever was. */
  async #onBlankHost(): Promise<OwnProject> {
    const built = await this.build();
    const host = await openHost(await this.#hostOptions(built.host.kind));
    return this.#carryTo(host, built, 'empty');
  }

  async #hostOptions<Kind extends HostKind>(kind: Kind): Promise<OpenHostOptions & { readonly kind: Kind }> {
    return { kind, home: await outlastHome(), run: this.#run as Run, signal: this.#options.signal };
  }

  /** The images and the Compose project, and nothing else. The host goes with the project. */
  async #carryTo(host: Host, built: Project, data?: DataChoice): Promise<OwnProject> {
    const cleanUp = async (): Promise<void> => host[Symbol.asyncDispose]();
    try {
      this.#otherHosts.push(hostRecord(host));
      await copyImages(built.host.docker, host.docker, built.images, this.#options.signal);
      return { project: await this.#prepare(host, data), [Symbol.asyncDispose]: cleanUp };
    } catch (error) {
      await cleanUp();
      throw error;
    }
  }

  /** @throws OutlastError UP_FAILED, NEVER_READY, DISK_FULL; STORE_ABSENT; NO_STORES, UNKNOWN_STORE, CONFIG_INVALID where the stack itself is asked */
  async start(): Promise<Matrix> {
    if (this.#matrix) return this.#matrix;
    const { seed, markers, signal } = this.#options;
    const project = await this.build();
    const options = {
      project,
      ledger: this.#ledger as Ledger,
      seed,
      markers,
      timeoutMs: this.#timeoutMs,
      signal,
      asked: this.#options.asked ?? true,
      onOldestEngine: async () => this.#onOldestEngine(),
      backup: this.#backup,
      workFolder: (this.#run as Run).folder,
      // The user's own engine is one, and there is no other.
      openOtherHost: project.host.kind === 'ambient' ? null : async () => this.#onBlankHost(),
    };
    this.#matrix = await Matrix.start(options, async (stack) => this.#findStores(stack));
    return this.#matrix;
  }

  async #findStores(stack: RunningStack): Promise<readonly StoreDefinition[]> {
    const { only, signal } = this.#options;
    if (this.#stores && this.#config) {
      await checkPlaces(stack, this.#stores, this.#config, signal);
      return this.#stores;
    }
    const { stores, backups } = await discoverStores(stack, signal);
    this.#config?.checkStores(stores.map(({ id }) => id));
    this.#stores = chosenStores(stores, only);
    this.#backups = backups;
    // What was found has to answer as well, from now on.
    stack.project.follow(this.#stores);
    await stack.ready(this.#timeoutMs, signal);
    return this.#stores;
  }

  /** What the report says of stack, host and stores. */
  async record(): Promise<SessionRecord> {
    const host = await this.openHost();
    const { files, folder } = this.#options.compose;
    return {
      stack: {
        ...this.subject,
        files: [...files],
        services: this.services,
        changes: [...this.#omissions, ...(this.#project?.shadow.changes ?? [])],
        baseImage: this.#baseImage?.origin ?? null,
        mounts: mountsOf(this.#model as ProjectModel, folder),
      },
      hosts: [hostRecord(host), ...this.#otherHosts],
      stores: [...(this.#matrix?.stores ?? [])],
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ledger?.[Symbol.dispose]();
    const failures: unknown[] = [];
    const cleanUps = [
      async () => this.#project?.destroy(),
      async () => this.#volumes?.[Symbol.asyncDispose](),
      async () => (this.#given ? undefined : this.#host?.[Symbol.asyncDispose]()),
    ];
    // One that fails keeps none of the others from its work.
    for (const cleanUp of cleanUps) {
      await cleanUp().catch((error: unknown) => failures.push(error));
    }
    this.#toolbox?.[Symbol.dispose]();
    // What is left is found by what the run has written down.
    await (failures.length > 0 ? this.#run?.abandon() : this.#run?.[Symbol.asyncDispose]());
    if (failures.length > 0) throw new CleanUpError(failures, 'Not everything could be cleaned up.');
  }
}

interface HostRecord {
  id: string;
  kind: HostKind;
  engineVersion: string;
  composeVersion: string;
}

function hostRecord({ id, kind, engineVersion, composeVersion }: Host): HostRecord {
  return { id, kind, engineVersion, composeVersion };
}

export interface SessionRecord {
  readonly stack: {
    name: string;
    files: string[];
    digest: string;
    commit: string | null;
    dirty: boolean | null;
    variables: Readonly<Record<string, string>>;
    profiles: readonly string[];
    services: string[];
    changes: string[];
    baseImage: 'official' | 'assembled' | null;
    mounts: MountRecord[];
  };
  /** As they were opened. */
  readonly hosts: HostRecord[];
  readonly stores: StoreRecord[];
}

/** @throws OutlastError CONFIG_INVALID with file and line of a service that is not there */
function checkedStores(config: Pick<ConfigFile, 'stores' | 'fault'>, services: readonly string[]): StoreDefinition[] {
  const { stores = [] } = config;
  stores.forEach(({ service }, index) => {
    if (!services.includes(service)) throw config.fault(['stores', index, 'service'], absent(service, services));
  });
  return stores;
}

function chosenStores(stores: readonly StoreDefinition[], only: readonly string[] | undefined): StoreDefinition[] {
  const ids = stores.map((store) => store.id);
  const unknown = only?.find((id) => !ids.includes(id));
  if (unknown !== undefined) throw new OutlastError('UNKNOWN_STORE', `"${unknown}" is none of ${ids.join(', ')}.`);
  const chosen = stores.filter((store) => only?.includes(store.id) ?? true);
  if (chosen.length === 0)
    throw new OutlastError('NO_STORES', 'No service keeps anything on a volume, in a folder, or in its own container.');
  return chosen;
}

/** @throws OutlastError CONFIG_INVALID with file and line of a service that is not there */
function checkedBackup(config: ConfigFile | null, services: readonly string[]): Backup | null {
  if (!config?.backup) return null;
  const strange = servicesOf(config.backup).find(({ name }) => !services.includes(name));
  if (strange) throw config.fault(['backup', ...strange.path], absent(strange.name, services));
  return config.backup;
}

function absent(service: string, services: readonly string[]): string {
  return `there is no service "${service}"; there are ${services.join(', ')}`;
}
