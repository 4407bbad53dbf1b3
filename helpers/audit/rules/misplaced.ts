import { hasMoved } from '../known-images.ts';
import { covers, type Mount } from '../mounts.ts';
import type { AuditedService, DataPlace } from '../subject.ts';

/** A mount above the VOLUME of the image that holds a place. */
export function mountAbove({ mounts }: AuditedService, { placement: { imageVolume } }: DataPlace): Mount | undefined {
  if (imageVolume === null) return undefined;
  return mounts.find(({ target, layer }) => layer !== 'tmpfs' && target !== imageVolume && covers(target, imageVolume));
}

/** The mount at the folder where the image kept its data before it moved, if nothing is mounted at the new one. */
export function oldMount({ known, reference, dockerfile, mounts, places }: AuditedService): Mount | undefined {
  const image = reference ?? dockerfile?.base ?? null;
  if (!known || image === null || hasMoved(known, image) !== true) return undefined;
  const lies = places.some(({ origin, placement }) => origin === 'image' && placement.layer === 'anonymous-volume');
  return lies ? mounts.find(({ target }) => known.volumes.includes(target)) : undefined;
}

/** A mount that looks as if it were meant for a place that it misses: it holds nothing that is known of. */
export function strayMount(service: AuditedService, place: DataPlace): Mount | undefined {
  if (mountAbove(service, place)) return undefined;
  const free = service.mounts.filter(
    ({ target, readOnly }) =>
      !readOnly && !service.places.some(({ path }) => covers(target, path) || covers(path, target)),
  );
  const volume = free.find(({ layer }) => layer === 'named-volume');
  // Beside a volume of the image's own, a bind is most likely there for something else.
  if (volume || place.placement.layer !== 'container') return volume;
  return free.find(({ layer, target }) => layer === 'bind' && !/\.\w+$|-initdb\.d/.test(target));
}

/** Most often a cache, which may be lost. */
export function severityOf({ known }: AuditedService, { origin }: DataPlace): { readonly severity?: 'warning' } {
  return origin === 'image' && known?.engine === 'redis' ? { severity: 'warning' } : {};
}
