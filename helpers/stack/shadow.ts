import { createHash } from 'node:crypto';
import { basename, join, relative } from 'node:path';
import { isNewer } from '../host/engine/version-order.ts';
import { RUN_LABEL, type HostKind } from '../host/host.ts';
import { BUILT_IN_NETWORKS } from '../host/world.ts';
import type { BindSource, DataChoice } from './bind-sources.ts';
import { limitEgress } from './egress.ts';
import type { ProjectModel, ResourceModel, ServiceModel } from './project-model.ts';
import { isWithin } from './within.ts';

export interface ShadowOptions {
  readonly runId: string;
  readonly hostKind: HostKind;
  readonly engineVersion: string;
  /** Folder of the shadow on the host; its bind sources lie below it. */
  readonly folder: string;
  /** Folder of the user's Compose file, … */
  readonly origin: string;
  /** … and the one that stands for it: bind sources that go along with it lie below. */
  readonly checkout: string;
  /** What the project is called on an engine that is not ours. */
  readonly neutralName: string;
  readonly toolbox: { readonly folder: string; readonly mountPoint: string };
  /** Takes the place of a build argument BASE_IMAGE, and why. `null`: the one that stands there is used. */
  readonly baseImage: { readonly ref: string; readonly because: string | null } | null;
  /** What is known of each bind source. */
  readonly binds: readonly BindSource[];
  readonly data: DataChoice;
  /** Services that have a way out of the host. */
  readonly egress: readonly string[];
}

/** A bind of the user's that the shadow replaces by a folder or file of its own. */
export interface ShadowBind extends BindSource {
  readonly source: string;
}

export interface Shadow {
  readonly model: ProjectModel;
  readonly binds: readonly ShadowBind[];
  /** Every alteration, in words. */
  readonly changes: readonly string[];
}

/** Engines up to here know no `start_interval`, and Compose refuses it on them. */
const BEFORE_START_INTERVAL = '24.999';

/** Build argument by which a Dockerfile lets its base be chosen. */
export const BASE_IMAGE_ARG = 'BASE_IMAGE';

/**
 * The user's project, altered so that nothing of his is touched. Pure.
 * @throws OutlastError USAGE for a way out that cannot be given
 */
export function shadowOf(original: ProjectModel, options: ShadowOptions): Shadow {
  const model = structuredClone(original);
  const changes: string[] = [`every service, volume, network and image that is built carries the label ${RUN_LABEL}`];
  const sources = new Map(options.binds.map((bind) => [bind.original, bind]));
  const binds = new Map<string, ShadowBind>();
  const shared = options.hostKind === 'ambient';
  if (shared) {
    model.name = options.neutralName;
    changes.push(`the project is called ${model.name}`);
  }
  const placeOf = (path: string): string => {
    const source = sources.get(path);
    if (!source || source.kind === 'machine') return path;
    const bind = { ...source, source: shadowPath(path, options) };
    binds.set(path, bind);
    return bind.source;
  };

  for (const [name, service] of Object.entries(model.services)) {
    if (shared) neutralise(name, service, changes);
    service.labels = { ...service.labels, [RUN_LABEL]: options.runId };
    if (service.profiles !== undefined) {
      // It was chosen, or it would not be here.
      delete service.profiles;
      changes.push(`${name}: its profiles are dropped, one of which is chosen`);
    }
    if (service.build) shadowBuild(name, service, service.build, options, changes);
    if (service.healthcheck?.start_interval !== undefined && !isNewer(options.engineVersion, BEFORE_START_INTERVAL)) {
      delete service.healthcheck.start_interval;
      changes.push(`${name}: start_interval is dropped, which engine ${options.engineVersion} does not know`);
    }
    service.volumes = [
      ...(service.volumes ?? []).map((mount) =>
        mount.type === 'bind' && mount.source !== undefined ? { ...mount, source: placeOf(mount.source) } : mount,
      ),
      { type: 'bind', source: options.toolbox.folder, target: options.toolbox.mountPoint, read_only: true },
    ];
    changes.push(`${name}: the probe's toolbox is mounted read-only at ${options.toolbox.mountPoint}`);
  }
  for (const kind of ['secrets', 'configs'] as const) {
    for (const resource of Object.values(model[kind] ?? {})) {
      if (resource?.file !== undefined) resource.file = placeOf(resource.file);
    }
  }
  for (const bind of options.binds) changes.push(`the bind ${bind.original} ${fateOf(bind, options.data)}`);

  changes.push(...limitEgress(model, options.egress, options.hostKind));
  for (const kind of ['volumes', 'networks'] as const) {
    const resources = model[kind] ?? {};
    for (const [key, resource] of Object.entries(resources)) {
      const { external, ...rest } = resource ?? {};
      if (external === true) changes.push(`${kind} ${key}: external, replaced by one of the shadow's own`);
      const own = { ...rest, labels: { ...rest.labels, [RUN_LABEL]: options.runId } };
      if (BUILT_IN_NETWORKS.has(own.name ?? '')) {
        changes.push(`${kind} ${key}: the name ${own.name} is dropped, which is that of a network of the engine's`);
        delete own.name;
      }
      if (shared) neutraliseResource(`${kind} ${key}`, own, `${original.name}_${key}`, options.runId, changes);
      resources[key] = own;
    }
    model[kind] = resources;
  }
  return { model, binds: [...binds.values()], changes };
}

/** What becomes of a bind, in words. */
function fateOf({ kind, readOnly, tracked }: BindSource, data: DataChoice): string {
  switch (kind) {
    case 'machine':
      return 'is mounted as it is, as allowed';
    case 'absent':
      return "is not there, and is made in the shadow's own folder";
    case 'file':
      return 'is replaced by a copy';
    case 'folder':
      if (readOnly || data === 'copy') return 'is replaced by a copy';
      if (tracked.length === 0) return 'is replaced by an empty folder';
      return `is replaced by a folder with the ${tracked.length} files in it that git tracks`;
  }
}

function shadowBuild(
  name: string,
  service: ServiceModel,
  build: NonNullable<ServiceModel['build']>,
  options: ShadowOptions,
  changes: string[],
): void {
  // On a host of ours images outlive the run, and a label that changes would miss the build cache.
  build.labels = { ...build.labels, [RUN_LABEL]: options.hostKind === 'ambient' ? options.runId : 'cache' };
  if (options.hostKind !== 'ambient' && (build.network ?? 'default') === 'default') {
    build.network = 'host';
    changes.push(`${name}: built on the host's network, the only way out`);
  }
  const base = build.args?.[BASE_IMAGE_ARG];
  if (options.baseImage !== null && base !== undefined && base !== null) {
    const { ref, because } = options.baseImage;
    build.args = { ...build.args, [BASE_IMAGE_ARG]: ref };
    changes.push(`${name}: built from ${ref} in place of ${base}, as ${because ?? 'it is not to be had here'}`);
  }
  // Two services that share an image build it once; a tag of the user's own must not be moved on his engine.
  if (options.hostKind === 'ambient' && service.image !== undefined) {
    service.image = `outlast-${options.runId}/${createHash('sha256').update(service.image).digest('hex').slice(0, 12)}`;
    changes.push(`${name}: its image is tagged apart`);
  }
}

/** On an engine that others use too, nothing of the shadow meets anything of theirs. */
function neutralise(name: string, service: ServiceModel, changes: string[]): void {
  if (service.container_name !== undefined) {
    delete service.container_name;
    changes.push(`${name}: container_name is dropped`);
  }
  if ((service.ports ?? []).length > 0) {
    delete service.ports;
    changes.push(`${name}: no port is published`);
  }
  if (Object.keys(service.labels ?? {}).length > 0) {
    delete service.labels;
    changes.push(`${name}: its labels are dropped, which a proxy or an updater may act upon`);
  }
  if (service.build?.tags !== undefined) {
    delete service.build.tags;
    changes.push(`${name}: its image gets no other tags`);
  }
  for (const [network, settings] of Object.entries(service.networks ?? {})) {
    const fixed = FIXED_ADDRESSES.filter((key) => settings?.[key] !== undefined);
    for (const key of fixed) delete settings?.[key];
    if (fixed.length > 0) changes.push(`${name}: ${fixed.join(', ')} on ${network} is dropped`);
  }
}

const FIXED_ADDRESSES = ['ipv4_address', 'ipv6_address', 'link_local_ips'];

function neutraliseResource(
  what: string,
  resource: ResourceModel,
  usual: string,
  runId: string,
  changes: string[],
): void {
  if (resource.name !== undefined && resource.name !== usual) {
    // Fixed it stays: it must not follow the name of the project.
    const own = `outlast-${runId}-${createHash('sha256').update(resource.name).digest('hex').slice(0, 12)}`;
    changes.push(`${what}: the fixed name ${resource.name} is replaced by ${own}`);
    resource.name = own;
  } else delete resource.name;
  if (resource.ipam !== undefined) {
    delete resource.ipam;
    changes.push(`${what}: its fixed addresses are dropped`);
  }
}

/** Named after what does not change when the user's folder gets another name. */
function shadowPath(path: string, { folder, origin, checkout }: ShadowOptions): string {
  const goesAlong = isWithin(origin, path);
  const source = goesAlong ? relative(origin, path) : path;
  const readable = basename(source)
    .replaceAll(/[^\w.-]/g, '_')
    .slice(0, 40);
  const name = `${createHash('sha256').update(source).digest('hex').slice(0, 8)}-${readable || 'root'}`;
  return join(goesAlong ? checkout : folder, 'binds', name);
}
