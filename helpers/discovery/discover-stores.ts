import { posix } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type Dockerode from 'dockerode';
import type { FoundData } from '../probe/find-data.ts';
import { TOOLBOX_MOUNT } from '../probe/toolbox.ts';
import { serviceOf } from '../stack/attestation.ts';
import { healthTestOf, type RunningStack } from '../stack/stack.ts';
import type { StoreDefinition } from '../stores/store.ts';
import { candidatesOf, isBelow, shortest } from './places.ts';

type ServerKind = 'postgres' | 'mysql' | 'redis';

const SERVER_KINDS: Readonly<Record<FoundData['servers'][number]['program'], ServerKind>> = {
  postgres: 'postgres',
  mariadbd: 'mysql',
  mysqld: 'mysql',
  'redis-server': 'redis',
  'valkey-server': 'redis',
};

/** What was found in one service. */
export interface ServiceData {
  readonly service: string;
  readonly places: {
    readonly mounts: readonly string[];
    /** Folders in the container's own layer in which the app has put files. */
    readonly written: readonly string[];
  };
  readonly found: FoundData;
  /** Tells the bytes at a path: equal for services that share them. */
  readonly bytesAt: (path: string) => string;
}

/** Nobody says when a service without a health check has written its first files: it is looked at this long after its start. */
const SETTLED_MS = 2000;

/** Where the services of a stack keep data, as they run. A service that has ended, or cannot be entered, is left out. */
export async function discoverStores(stack: RunningStack, signal?: AbortSignal): Promise<StoreDefinition[]> {
  const running = (await stack.containers()).filter(({ State }) => State.Running);
  const data = await Promise.all(
    running.map(async (container): Promise<ServiceData[]> => {
      if (healthTestOf(container).length === 0) {
        const youth = SETTLED_MS - (Date.now() - Date.parse(container.State.StartedAt));
        if (youth > 0) await delay(Math.min(youth, SETTLED_MS), undefined, signal ? { signal } : {});
      }
      const changes = await stack.project.host.docker.getContainer(container.Id).changes();
      const { mounts, added } = candidatesOf(container, changes ?? [], TOOLBOX_MOUNT);
      if (mounts.length + added.size === 0) return [];
      const service = serviceOf(container);
      try {
        const probe = await stack.probe(service, signal);
        const found = await probe.findData([...mounts, ...shortest([...added.values()])], [...added.keys()]);
        const written = shortest(found.files.flatMap((path) => added.get(path) ?? []));
        const kinds = await Promise.all(mounts.map(async (path) => probe.kindAt(path)));
        // Beside a single file there is no place for another, and nothing is written into one that is not understood.
        const kept = mounts.filter((path, index) => kinds[index] === 'folder' || found.sqlite.includes(path));
        return [{ service, places: { mounts: kept, written }, found, bytesAt: (path) => bytesAt(container, path) }];
      } catch {
        signal?.throwIfAborted();
        return [];
      }
    }),
  );
  return storesOf(data.flat().toSorted((a, b) => (a.service < b.service ? -1 : 1)));
}

/** A store for each place, and for each database and each folder of repositories in it; what two services share is told once. Pure. */
export function storesOf(data: readonly ServiceData[]): StoreDefinition[] {
  const ids = new Set<string>();
  const known = new Set<string>();
  return data.flatMap(({ service, places, found, bytesAt: bytes }) => {
    const isNew = (kind: string, path: string): boolean => {
      const key = `${kind} ${bytes(path)}`;
      if (known.has(key)) return false;
      known.add(key);
      return true;
    };
    const define = (kind: 'files' | 'sqlite' | 'git' | ServerKind, path: string): StoreDefinition => {
      const plain =
        `${service}-${posix.basename(path) || 'root'}${kind === 'files' || kind === 'sqlite' ? '' : `-${kind}`}`
          .toLowerCase()
          .replaceAll(/[^a-z0-9]+/g, '-')
          .replaceAll(/^-|-$/g, '');
      let id = plain;
      for (let number = 2; ids.has(id); number++) id = `${plain}-${number}`;
      ids.add(id);
      return { id, kind, service, path };
    };
    const all = [...places.mounts, ...places.written];
    const isInPlace = (path: string): boolean => all.some((place) => isBelow(path, place));
    const databases = found.sqlite.filter(isInPlace);
    const repositories = new Set(
      found.git.filter(isInPlace).map((path) => (all.includes(path) ? path : posix.dirname(path))),
    );
    // What lies in the folder of a server is the server's.
    const folders = found.servers.map(({ folder }) => folder);
    const isServers = (place: string): boolean =>
      folders.some((folder) => isBelow(place, folder) || nearest(all, folder) === place);
    // A folder that holds nothing but a recognised store in the container's own layer is that store.
    const isDatabases = (folder: string): boolean =>
      !places.mounts.includes(folder) && databases.some((path) => isBelow(path, folder));
    return [
      ...all
        .filter((path) => !databases.includes(path) && !isDatabases(path) && !isServers(path))
        .filter((path) => isNew('files', path))
        .map((path) => define('files', path)),
      ...databases.filter((path) => isNew('sqlite', path)).map((path) => define('sqlite', path)),
      ...[...repositories].filter((path) => isNew('git', path)).map((path) => define('git', path)),
      ...found.servers.map(({ program, folder }) => define(SERVER_KINDS[program], folder)),
    ];
  });
}

/** The longest of the places that hold it. */
function nearest(places: readonly string[], path: string): string | undefined {
  return places.filter((place) => isBelow(path, place)).toSorted((a, b) => b.length - a.length)[0];
}

function bytesAt(container: Dockerode.ContainerInspectInfo, path: string): string {
  const mount = container.Mounts.filter(({ Destination }) => isBelow(path, Destination)).toSorted(
    (a, b) => b.Destination.length - a.Destination.length,
  )[0];
  return mount && mount.Type !== 'tmpfs'
    ? posix.join(mount.Source, posix.relative(mount.Destination, path))
    : `${container.Id}${path}`;
}
