import { posix } from 'node:path';
import type Dockerode from 'dockerode';
import type { Layer } from '../verdict/model.ts';

/** Where the bytes of a path inside a container lie. */
export interface Placement {
  readonly layer: Layer;
  /** Volume name, bind source, or the container id; what identifies the bytes. */
  readonly source: string;
}

type Inspected = Pick<Dockerode.ContainerInspectInfo, 'Id' | 'Mounts' | 'HostConfig'>;

/**
 * The mount with the longest target above `path` holds it, else the container's own layer.
 * @param named volumes that the Compose file names; any other volume is anonymous.
 */
export function placementOf(container: Inspected, path: string, named: ReadonlySet<string>): Placement {
  const tmpfs = Object.keys(container.HostConfig.Tmpfs ?? {});
  const mounts: { target: string; placement: Placement }[] = [
    ...tmpfs.map((target) => ({ target, placement: { layer: 'tmpfs' as const, source: target } })),
    ...container.Mounts.map((mount) => ({ target: mount.Destination, placement: mountPlacement(mount, named) })),
  ];
  const covering = mounts
    .filter(({ target }) => covers(target, path))
    .toSorted((a, b) => b.target.length - a.target.length)[0];
  return covering?.placement ?? { layer: 'container', source: container.Id };
}

/**
 * Did the image bring along what lies at `path` in the container's own layer?
 * @param changes the engine's list of what the container changed; one that was not added may have been written to since
 */
export function isOfImage(changes: readonly { readonly Path: string; readonly Kind: number }[], path: string): boolean {
  return !changes.some((change) => change.Kind === ADDED && covers(change.Path, path));
}

const ADDED = 1;

function mountPlacement(mount: Inspected['Mounts'][number], named: ReadonlySet<string>): Placement {
  if (mount.Type === 'tmpfs') return { layer: 'tmpfs', source: mount.Destination };
  if (mount.Type === 'volume') {
    const name = mount.Name ?? mount.Source;
    return { layer: named.has(name) ? 'named-volume' : 'anonymous-volume', source: name };
  }
  return { layer: 'bind', source: mount.Source };
}

function covers(target: string, path: string): boolean {
  const relative = posix.relative(target, path);
  return !relative.startsWith('..');
}
