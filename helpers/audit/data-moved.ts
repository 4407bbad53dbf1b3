import { posix } from 'node:path';
import { sqlitePaths } from './data-places.ts';
import { majorOf } from './known-images.ts';
import { covers, type Mount } from './mounts.ts';
import { environmentOf, type AuditedService } from './subject.ts';

/** Where a service kept its data, and where its later version does. */
export interface DataMove {
  readonly from: string;
  readonly to: string;
}

/** The move that leaves behind what lies at `path`; `undefined`: nothing tells of one. Pure. */
export function moveOf(before: AuditedService, after: AuditedService, path: string): DataMove | undefined {
  return movesBetween(before, after).find((move) => leaves(move, path));
}

/** The first move of something that is known to be data, or lies on a mount that the service may write. Pure. */
export function moveOfData(before: AuditedService, after: AuditedService): DataMove | undefined {
  return movesBetween(before, after).find(
    (move) =>
      before.places.some(({ path }) => leaves(move, path)) ||
      before.mounts.some((mount) => keepsData(mount) && covers(mount.target, move.from)),
  );
}

function leaves({ from, to }: DataMove, path: string): boolean {
  return covers(from, path) && !covers(to, path);
}

function keepsData({ layer, readOnly }: Mount): boolean {
  return layer !== 'tmpfs' && !readOnly;
}

/** By variables that named one path and now name another, and by VOLUMEs that are now elsewhere. */
function movesBetween(before: AuditedService, after: AuditedService): DataMove[] {
  const now = pathsIn(after);
  const named = [...pathsIn(before)].flatMap(([variable, from]): DataMove[] => {
    const to = now.get(variable);
    return to === undefined || to === from ? [] : [{ from, to }];
  });
  // Of an image that is not known whole, what is not seen may be there.
  const later = after.image?.complete === true ? after.image.data : [];
  const [to] = later;
  const volumes = (before.image?.data ?? []).flatMap((from): DataMove[] =>
    to === undefined || later.some((folder) => covers(folder, from)) ? [] : [{ from, to }],
  );
  return [...named, ...volumes];
}

/** Absolute paths that the environment of a service names, by variable. */
function pathsIn({ image, model }: AuditedService): Map<string, string> {
  const all = Object.entries({ ...image?.env, ...environmentOf(model) });
  return new Map(
    all.flatMap(([variable, value]) => {
      const path = /^\/[^:]+$/.test(value ?? '') ? value : sqlitePaths(value ?? '', image?.workdir ?? null)[0];
      return path ? [[variable, posix.normalize(path)] as const] : [];
    }),
  );
}

/** Has the later version no VOLUME at the path of this one? Its container does not take such a volume over. */
export function dropsVolume(after: AuditedService, volume: string): boolean {
  return after.image?.complete === true && !after.image.volumes.includes(volume);
}

/** Does the later version of a database server refuse the files of the one before? Known of PostgreSQL, where each major version does. */
export function refusesFiles(before: AuditedService, after: AuditedService): boolean {
  const [was, is] = [before, after].map(postgresMajor);
  return was !== null && is !== null && was !== is;
}

function postgresMajor({ image, known, reference, dockerfile }: AuditedService): number | null {
  const told = image?.env['PG_MAJOR'];
  if (told !== undefined) return Number(told);
  const name = dockerfile?.base ?? reference;
  return known?.engine === 'postgres' && name !== null ? majorOf(known, name) : null;
}
