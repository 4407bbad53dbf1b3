import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import { isNewer } from '../host/engine/version-order.ts';
import { RUN_LABEL, type HostKind } from '../host/host.ts';
import type { ProjectModel, ServiceModel } from './project-model.ts';

export interface ShadowOptions {
  readonly runId: string;
  readonly hostKind: HostKind;
  readonly engineVersion: string;
  /** Folder of the shadow on the host; its bind sources lie below it. */
  readonly folder: string;
  readonly toolbox: { readonly folder: string; readonly mountPoint: string };
  /** Takes the place of a build argument BASE_IMAGE. `null`: the one that stands there is used. */
  readonly baseImage: string | null;
}

/** A bind of the user's that the shadow replaces by a folder of its own. */
export interface ShadowBind {
  readonly original: string;
  readonly source: string;
  readonly readOnly: boolean;
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

/** The user's project, altered so that nothing of his is touched. Pure. */
export function shadowOf(original: ProjectModel, options: ShadowOptions): Shadow {
  const model = structuredClone(original);
  const changes: string[] = [`every service, volume and network carries the label ${RUN_LABEL}`];
  const binds = new Map<string, ShadowBind>();
  const shared = options.hostKind === 'ambient';
  if (shared) {
    model.name = `outlast-${options.runId}`;
    changes.push(`the project is called ${model.name}`);
  }

  for (const [name, service] of Object.entries(model.services)) {
    service.labels = { ...service.labels, [RUN_LABEL]: options.runId };
    if (service.build) shadowBuild(name, service, service.build, options, changes);
    if (shared) neutralise(name, service, changes);
    if (service.healthcheck?.start_interval !== undefined && !isNewer(options.engineVersion, BEFORE_START_INTERVAL)) {
      delete service.healthcheck.start_interval;
      changes.push(`${name}: start_interval is dropped, which engine ${options.engineVersion} does not know`);
    }
    service.volumes = [
      ...(service.volumes ?? []).map((mount) => {
        if (mount.type !== 'bind' || mount.source === undefined) return mount;
        const bind = binds.get(mount.source) ?? {
          original: mount.source,
          source: join(options.folder, 'binds', bindFolder(mount.source)),
          readOnly: true,
        };
        binds.set(mount.source, { ...bind, readOnly: bind.readOnly && mount.read_only === true });
        return { ...mount, source: bind.source };
      }),
      { type: 'bind', source: options.toolbox.folder, target: options.toolbox.mountPoint, read_only: true },
    ];
    changes.push(`${name}: the probe's toolbox is mounted read-only at ${options.toolbox.mountPoint}`);
  }
  for (const bind of binds.values())
    changes.push(`the bind ${bind.original} is replaced by a folder of the shadow's own`);

  for (const kind of ['volumes', 'networks'] as const) {
    const resources = model[kind] ?? {};
    for (const [key, resource] of Object.entries(resources)) {
      const { external, ...rest } = resource ?? {};
      if (external === true) changes.push(`${kind} ${key}: external, replaced by one of the shadow's own`);
      const own = { ...rest, labels: { ...rest.labels, [RUN_LABEL]: options.runId } };
      if (shared) delete own.name;
      resources[key] = own;
    }
    model[kind] = resources;
  }
  return { model, binds: [...binds.values()], changes };
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
  if (options.hostKind === 'private' && build.network === undefined) {
    build.network = 'host';
    changes.push(`${name}: built on the host's network, the only way out`);
  }
  const base = build.args?.[BASE_IMAGE_ARG];
  if (options.baseImage !== null && base !== undefined && base !== null) {
    build.args = { ...build.args, [BASE_IMAGE_ARG]: options.baseImage };
    changes.push(`${name}: built from ${options.baseImage} in place of ${base}, which is not to be had here`);
  }
  // Two services that share an image build it once; a tag of the user's own must not be moved on his engine.
  if (options.hostKind === 'ambient' && service.image !== undefined) {
    service.image = `outlast-${options.runId}/${createHash('sha256').update(service.image).digest('hex').slice(0, 12)}`;
    changes.push(`${name}: its image is tagged apart`);
  }
}

function neutralise(name: string, service: ServiceModel, changes: string[]): void {
  if (service.container_name !== undefined) {
    delete service.container_name;
    changes.push(`${name}: container_name is dropped`);
  }
  if ((service.ports ?? []).length > 0) {
    delete service.ports;
    changes.push(`${name}: no port is published`);
  }
}

function bindFolder(source: string): string {
  return `${createHash('sha256').update(source).digest('hex').slice(0, 8)}-${basename(source) || 'root'}`;
}
