import { basename, isAbsolute } from 'node:path';
import { isWithin } from '../stack/within.ts';
import type { Subject } from './subject.ts';

/** Keys of the volumes that get another name when the project's folder does. */
export function volumesNamedAfterFolder({ folder, model, source }: Subject): string[] {
  if (source.find(['name']) !== null || model.name !== nameAfter(folder)) return [];
  const used = new Set(
    Object.values(model.services).flatMap(({ volumes }) =>
      (volumes ?? []).flatMap(({ type, source: from }) => (type === 'volume' && from !== undefined ? [from] : [])),
    ),
  );
  return [...used].filter(
    (key) => source.find(['volumes', key, 'name']) === null && model.volumes?.[key]?.external !== true,
  );
}

/** Sources of mounts, keys and paths, that are not found again once the project's folder has another name. */
export function leftByMove(subject: Subject): Set<string> {
  const { folder, services, source } = subject;
  const wholePaths = services.flatMap(({ name, mounts }) =>
    mounts.flatMap(({ layer, source: path, target }) =>
      layer === 'bind' && path !== null && isWithin(folder, path) && isAbsolute(source.mountText(name, target) ?? '')
        ? [path]
        : [],
    ),
  );
  return new Set([...volumesNamedAfterFolder(subject), ...wholePaths]);
}

/** As Compose names a project that nobody has named. */
function nameAfter(folder: string): string {
  return basename(folder)
    .toLowerCase()
    .replaceAll(/[^-_a-z0-9]/g, '')
    .replace(/^[_-]+/, '');
}
