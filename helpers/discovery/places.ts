import { posix } from 'node:path';
import type Dockerode from 'dockerode';
import { isVolatile } from '../stores/volatile.ts';

/** Where a service may keep data. Absolute paths, as its container sees them. */
export interface Candidates {
  /** Volumes, binds and tmpfs that it may write. */
  readonly mounts: readonly string[];
  /** What was added last on each way down in the container's own layer, and the folder that it would make a place of data. */
  readonly added: ReadonlyMap<string, string>;
}

type Inspected = Pick<Dockerode.ContainerInspectInfo, 'Mounts' | 'HostConfig'>;

export interface Change {
  readonly Path: string;
  /** 0: changed, 1: added, 2: removed. */
  readonly Kind: number;
}

const ADDED = 1;
/** What a system keeps for itself. */
const SYSTEM = ['/proc', '/sys', '/dev', '/etc', '/boot', '/usr', '/bin', '/sbin', '/lib', '/lib64'];

/**
 * Where data may lie. Pure.
 * @param changes what `docker diff` lists
 * @param toolbox where the probe is mounted, which is none of the app's
 */
export function candidatesOf(container: Inspected, changes: readonly Change[], toolbox: string): Candidates {
  const tmpfs = Object.keys(container.HostConfig.Tmpfs ?? {});
  const all = [...tmpfs, ...container.Mounts.map(({ Destination }) => Destination)];
  const writable = container.Mounts.filter(({ Type, RW }) => RW && Type !== 'tmpfs').map(
    ({ Destination }) => Destination,
  );
  const ownTmpfs = [...tmpfs, ...container.Mounts.filter(({ Type }) => Type === 'tmpfs').map((m) => m.Destination)];
  const mounts = [...writable, ...ownTmpfs.filter((path) => !isMissedByNobody(path))].filter(
    (path) => path !== toolbox,
  );

  const added = changes.filter(({ Kind }) => Kind === ADDED).map(({ Path }) => Path);
  const isAdded = new Set(added);
  const parents = new Set(changes.map(({ Path }) => posix.dirname(Path)));
  const last = added
    // Its folders were added or touched with it.
    .filter((path) => !all.some((mount) => isBelow(path, mount) || isBelow(mount, path)))
    .filter((path) => !parents.has(path) && !isMissedByNobody(path))
    .map((path): [string, string] => {
      let folder = posix.dirname(path);
      while (isAdded.has(posix.dirname(folder))) folder = posix.dirname(folder);
      return [path, folder];
    })
    .filter(([, folder]) => folder !== '/');
  return { mounts: [...new Set(mounts)].toSorted(), added: new Map(last) };
}

/** Holds it nothing that anybody would miss? */
export function isMissedByNobody(path: string): boolean {
  return SYSTEM.some((folder) => isBelow(path, folder)) || isVolatile(path);
}

/** Those that lie in none of the others. */
export function shortest(folders: readonly string[]): string[] {
  const sorted = [...new Set(folders)].toSorted();
  return sorted.filter((folder) => !sorted.some((other) => other !== folder && isBelow(folder, other)));
}

/** Is it the folder, or does it lie in it? */
export function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`);
}
