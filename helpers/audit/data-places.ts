import { posix } from 'node:path';
import type { ServiceModel } from '../stack/project-model.ts';
import type { ComposeSource } from './compose-source.ts';
import type { ImageFacts } from './image-facts.ts';
import type { KnownImage } from './known-images.ts';
import { placementIn, type Mount, type StaticPlacement } from './mounts.ts';
import { environmentOf, isDatabaseFile, type DataPlace } from './subject.ts';

interface Asked {
  readonly name: string;
  readonly model: ServiceModel;
  readonly mounts: readonly Mount[];
  readonly image: ImageFacts | null;
  readonly known: KnownImage | null;
  /** Stores that outlast.yaml names. */
  readonly stores: readonly { readonly kind: string; readonly path: string }[];
}

/** Every place of a service that is known to hold data, each once. Pure. */
export function dataPlacesOf(asked: Asked, source: ComposeSource): DataPlace[] {
  const { name, model, mounts, image } = asked;
  const placed = (path: string): StaticPlacement => placementIn(mounts, image?.volumes ?? [], path);
  const atImage = source.locate('services', name, 'image');
  const places: DataPlace[] = [
    ...asked.stores.map((store): DataPlace => ({
      path: store.path,
      origin: 'store',
      variable: null,
      sqlite: store.kind === 'sqlite',
      placement: placed(store.path),
      at: source.locate('services', name),
    })),
    ...imageData(asked).map((path): DataPlace => ({
      path,
      origin: 'image',
      variable: null,
      sqlite: false,
      placement: placed(path),
      at: atImage,
    })),
    ...Object.entries(environmentOf(model)).flatMap(([variable, value]): DataPlace[] => {
      const candidates = sqlitePaths(
        value ?? '',
        (model['working_dir'] as string | undefined) ?? image?.workdir ?? null,
      );
      // Where drivers disagree on what a value means, the reading that keeps the data counts.
      const path = candidates.find((one) => placed(one).layer !== 'container') ?? candidates[0];
      if (path === undefined) return [];
      const at = source.locate('services', name, 'environment', variable);
      const listed = source.find(['services', name, 'environment', (item) => String(item).startsWith(`${variable}=`)]);
      return [
        { path, origin: 'environment', variable, sqlite: true, placement: placed(path), at: listed?.location ?? at },
      ];
    }),
    ...mounts
      .filter(({ layer, target }) => layer === 'anonymous-volume' && !isDependencyFolder(target))
      .map((mount): DataPlace => ({
        path: mount.target,
        origin: 'mount',
        variable: null,
        sqlite: false,
        placement: placed(mount.target),
        at: source.locateMount(name, mount.target),
      })),
  ];
  return places.filter(({ path }, index) => places.findIndex((other) => other.path === path) === index);
}

/** By which PostgreSQL finds its data, in images of any origin. */
const DATA_VARIABLE = 'PGDATA';

function imageData({ model, image, known }: Asked): readonly string[] {
  const variable = known?.dataVariable ?? DATA_VARIABLE;
  const moved = environmentOf(model)[variable] ?? image?.env[variable];
  return moved ? [moved] : (image?.data ?? []);
}

/** Absolute paths that a value of the environment may mean; none where it names no SQLite file. */
export function sqlitePaths(value: string, workdir: string | null): string[] {
  const url = /^(?:sqlite3?|file)(?:\+\w+)?:(?<slashes>\/*)(?<rest>[^?]*)/i.exec(value);
  const slashes = url?.groups?.['slashes'] ?? '';
  const rest = url?.groups?.['rest'] ?? value;
  if (url === null && !(isDatabaseFile(value) && !value.includes('://'))) return [];
  if (rest === '' || rest === ':memory:' || /[\s$]/.test(rest)) return [];
  const relative = workdir === null ? [] : [posix.resolve(workdir, rest)];
  if (url === null) return rest.startsWith('/') ? [posix.normalize(rest)] : relative;
  const isPrisma = /^file:/i.test(value);
  switch (slashes.length) {
    // Prisma looks from the folder of its schema.
    case 0:
      return isPrisma && workdir !== null ? [...relative, posix.resolve(workdir, 'prisma', rest)] : relative;
    case 1:
      return [`/${rest}`];
    case 2:
      return relative;
    // A path that begins at the root to most, and one that does not to SQLAlchemy.
    case 3:
      return [`/${rest}`, ...relative];
    default:
      return [`/${rest}`];
  }
}

const DEPENDENCIES =
  /\/(node_modules|vendor|\.venv|venv|target|dist|build|\.next|\.nuxt|\.cache|cache|tmp|\.pnpm-store|__pycache__)$/;

/** A folder that is made anew at each build: an anonymous volume keeps the host's own out. */
function isDependencyFolder(path: string): boolean {
  return DEPENDENCIES.test(path);
}
