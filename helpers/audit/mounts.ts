import { posix } from 'node:path';
import type { ServiceModel } from '../stack/project-model.ts';
import type { Layer } from '../verdict/model.ts';

/** What a service mounts, as the Compose file says it. */
export interface Mount {
  readonly target: string;
  readonly layer: Exclude<Layer, 'container' | 'image'>;
  /** Key of the volume or absolute path of the bind; `null` for what has no name. */
  readonly source: string | null;
  readonly readOnly: boolean;
  /** Would the engine make a bind source that is not there? */
  readonly createHostPath: boolean;
}

export function mountsOf(service: ServiceModel): Mount[] {
  const volumes = (service.volumes ?? []).flatMap((mount): Mount[] => {
    const layer = layerOf(mount.type, mount.source);
    if (layer === null) return [];
    const bind = mount['bind'] as { create_host_path?: boolean } | undefined;
    return [
      {
        target: posix.normalize(mount.target),
        layer,
        source: mount.source ?? null,
        readOnly: mount.read_only === true,
        createHostPath: layer === 'bind' && bind?.create_host_path === true,
      },
    ];
  });
  const tmpfs = (service.tmpfs ?? []).map((entry): Mount => {
    const target = posix.normalize(entry.split(':')[0] ?? entry);
    return { target, layer: 'tmpfs', source: null, readOnly: false, createHostPath: false };
  });
  return [...volumes, ...tmpfs];
}

function layerOf(type: string, source: string | undefined): Mount['layer'] | null {
  if (type === 'volume') return source === undefined ? 'anonymous-volume' : 'named-volume';
  if (type === 'bind' || type === 'tmpfs') return type;
  return null;
}

/** Does `path` lie at or below `above`? */
export function covers(above: string, path: string): boolean {
  const relative = posix.relative(above, path);
  return relative === '' || (relative !== '..' && !relative.startsWith('../'));
}

/** Where a path of a service will lie. */
export interface StaticPlacement {
  readonly layer: Layer;
  readonly mount: Mount | null;
  /** The VOLUME of the image that makes the anonymous volume. */
  readonly imageVolume: string | null;
}

/** The mount or VOLUME with the longest target above `path` holds it, else the container's own layer. */
export function placementIn(mounts: readonly Mount[], imageVolumes: readonly string[], path: string): StaticPlacement {
  const mounted = new Set(mounts.map(({ target }) => target));
  const candidates = [
    ...mounts.map((mount) => ({ target: mount.target, layer: mount.layer as Layer, mount, imageVolume: null })),
    ...imageVolumes
      .filter((target) => !mounted.has(posix.normalize(target)))
      .map((target) => ({ target, layer: 'anonymous-volume' as Layer, mount: null, imageVolume: target })),
  ];
  const [deepest] = candidates
    .filter(({ target }) => covers(target, path))
    .toSorted((a, b) => b.target.length - a.target.length);
  return deepest ?? { layer: 'container', mount: null, imageVolume: null };
}
