import { posix } from 'node:path';
import type Dockerode from 'dockerode';
import type { FoundData, FoundDatabase } from '../probe/find-data.ts';
import { TOOLBOX_MOUNT } from '../probe/toolbox.ts';
import { serviceOf } from '../stack/attestation.ts';
import type { RunningStack } from '../stack/stack.ts';
import type { StoreDefinition } from '../stores/store.ts';
import { candidatesOf, isBelow, isMissedByNobody, shortest } from './places.ts';

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

/** Where a stack keeps its data. */
export interface Discovered {
  readonly stores: readonly StoreDefinition[];
  /** Databases that are nobody's own data. */
  readonly backups: readonly LikelyBackup[];
}

/** A database that no process has open, and that its name makes a copy of another one. */
export interface LikelyBackup {
  readonly service: string;
  readonly path: string;
}

/** Where the services of a stack keep data, as they run. A service that has ended, or cannot be entered, is left out. */
export async function discoverStores(stack: RunningStack, signal?: AbortSignal): Promise<Discovered> {
  const running = (await stack.containers()).filter(({ State }) => State.Running);
  const data = await Promise.all(
    running.map(async (container): Promise<ServiceData[]> => {
      const changes = await stack.project.host.docker.getContainer(container.Id).changes();
      const { mounts, added } = candidatesOf(container, changes ?? [], TOOLBOX_MOUNT);
      const service = serviceOf(container);
      try {
        const probe = await stack.probe(service, signal);
        const found = await probe.findData([...mounts, ...shortest([...added.values()])], [...added.keys()]);
        const written = shortest(found.files.flatMap((path) => added.get(path) ?? []));
        const kinds = await Promise.all(mounts.map(async (path) => probe.kindAt(path)));
        // Beside a single file there is no place for another, and nothing is written into one that is not understood.
        const databases = new Set(found.sqlite.map(({ path }) => path));
        const kept = mounts.filter((path, index) => kinds[index] === 'folder' || databases.has(path));
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
export function storesOf(data: readonly ServiceData[]): Discovered {
  const ids = new Set<string>();
  const known = new Set<string>();
  const copies = new Copies(data);
  const backups: LikelyBackup[] = [];
  const stores = data.flatMap(({ service, places, found, bytesAt: bytes }) => {
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
    // What an app has open for writing is its data, wherever that lies.
    const candidates = found.sqlite.filter(({ path }) => isInPlace(path) || !isMissedByNobody(path));
    const isCopy = ({ path }: FoundDatabase): boolean => copies.includes(path, bytes(path));
    const databases = candidates.filter((database) => !isCopy(database)).map(({ path }) => path);
    const own = databases.filter((path) => copies.isOpenedBy(service, bytes(path)));
    backups.push(
      ...candidates
        .filter((database) => isCopy(database) && isNew('backup', database.path))
        .map(({ path }) => ({ service, path })),
    );
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
      ...own.filter((path) => isNew('sqlite', path)).map((path) => define('sqlite', path)),
      ...[...repositories].filter((path) => isNew('git', path)).map((path) => define('git', path)),
      ...found.servers.map(({ program, folder }) => define(SERVER_KINDS[program], folder)),
    ];
  });
  return { stores, backups };
}

/** What tells most of one database comes first. */
const RANK: readonly (boolean | null)[] = [true, null, false];

/** Which databases are open, over all services, and which of the others look like copies. */
class Copies {
  /** By the bytes, the first of the services that has it open, or that sees it where nobody has. */
  readonly #service = new Map<string, string>();
  /** Names of those that are open. */
  readonly #names = new Set<string>();
  /** Bytes of those of which it is known that no process has them open. */
  readonly #idle = new Set<string>();

  constructor(data: readonly ServiceData[]) {
    const all = data.flatMap(({ service, found, bytesAt: bytes }) =>
      found.sqlite.map(({ path, open }) => ({ service, path, open, bytes: bytes(path) })),
    );
    for (const { service, path, open, bytes } of all.toSorted((a, b) => RANK.indexOf(a.open) - RANK.indexOf(b.open))) {
      if (this.#service.has(bytes)) continue;
      this.#service.set(bytes, service);
      if (open === true) this.#names.add(posix.basename(path));
      if (open === false) this.#idle.add(bytes);
    }
  }

  isOpenedBy(service: string, bytes: string): boolean {
    return this.#service.get(bytes) === service;
  }

  /** An app that opens its database for each question leaves it closed as well: the name has to tell besides. */
  includes(path: string, bytes: string): boolean {
    return this.#idle.has(bytes) && (BACKUP_NAME.test(path) || this.#names.has(posix.basename(path)));
  }
}

/** A word for a copy, or a date, anywhere on the way. */
const BACKUP_NAME =
  /(?<![a-z])(backups?|bak|snapshots?|dumps?|archives?|exports?|cop(y|ies)|old)(?![a-z])|(?<!\d)(19|20)\d\d-?[01]\d-?[0-3]\d(?!\d)/i;

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
