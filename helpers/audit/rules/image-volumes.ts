import { moveOfData } from '../data-moved.ts';
import { covers } from '../mounts.ts';
import type { Rule } from '../rule.ts';
import { mountAbove, oldMount, severityOf, strayMount } from './misplaced.ts';

export const anonymousVolume: Rule = {
  id: 'anonymous-volume',
  hazard: '3',
  severity: 'error',
  why: 'Each new project gets a volume of its own without a name: after `down` and `up` the app finds it empty. The old data is on disk until the next prune, and nothing says where.',
  fix: 'Give the volume a name: `data:/path`, and `data:` under the top-level `volumes`.',
  *check({ services }) {
    for (const service of services) {
      for (const place of service.places) {
        if (place.placement.layer !== 'anonymous-volume' || mountAbove(service, place) || oldMount(service)) continue;
        if (place.origin !== 'mount' && strayMount(service, place)) continue;
        const byImage = place.placement.imageVolume !== null;
        yield {
          service: service.name,
          at: place.at,
          path: place.path,
          ...severityOf(service, place),
          title: byImage
            ? `${service.name}: the image declares ${place.placement.imageVolume} as a volume, and nothing names it.`
            : `${service.name}: the volume at ${place.path} has no name.`,
        };
      }
    }
  },
};

export const mountAboveVolume: Rule = {
  id: 'mount-above-volume',
  hazard: '4',
  severity: 'error',
  why: "The image's own anonymous volume lies on top of the mount, deeper in the tree, and takes the data. The mount stays empty; after `down` and `up` the data is not found again.",
  fix: "Mount at the path of the image's VOLUME itself.",
  *check({ services, source }) {
    for (const service of services) {
      for (const place of service.places) {
        const mount = place.placement.layer === 'anonymous-volume' ? mountAbove(service, place) : undefined;
        if (!mount) continue;
        yield {
          service: service.name,
          at: source.locateMount(service.name, mount.target),
          path: place.path,
          title: `${service.name} mounts ${mount.target}, and the image has a volume of its own below it, at ${place.placement.imageVolume}.`,
        };
      }
    }
  },
};

export const dataDirectoryMoved: Rule = {
  id: 'data-directory-moved',
  hazard: '5',
  severity: 'error',
  why: 'From this version on the image keeps its data in another folder. The mount at the old one is not used: the server refuses to start, or begins with an empty database on a volume without a name.',
  fix: "Mount at the new folder, and carry the data over with the server's own dump and restore.",
  *check({ services, later, source }) {
    for (const service of services) {
      const next = later.get(service.name);
      const move = next && moveOfData(service, next);
      if (move) {
        const version = next.reference ?? 'its later build';
        yield {
          service: service.name,
          at: source.locate('services', service.name, next.reference === null ? 'build' : 'image'),
          path: move.from,
          title: `${service.name} keeps its data in ${move.from}, and ${version} in ${move.to}.`,
        };
        continue;
      }
      for (const version of [service, ...(next ? [next] : [])]) {
        const mount = oldMount(version);
        if (!mount) continue;
        const named = version === next ? version.reference : null;
        yield {
          service: service.name,
          at: source.locateMount(service.name, mount.target),
          path: mount.target,
          title: `${service.name} mounts ${mount.target}, and ${named ?? 'this version'} keeps its data in ${version.known?.since?.volumes[0]}.`,
        };
        break;
      }
    }
  },
};

export const seededVolume: Rule = {
  id: 'seeded-volume',
  hazard: '15',
  severity: 'warning',
  why: 'A named volume gets the content of the image once, while it is empty. A new image with other files there never shows: the app goes on with the old ones.',
  fix: 'Mount only the folder that holds data, and keep what the image brings along outside of it.',
  *check({ services, source }) {
    for (const { name, mounts, dockerfile } of services) {
      for (const { target } of mounts.filter(({ layer }) => layer === 'named-volume')) {
        const copy = dockerfile?.copies.find((one) => covers(target, one.target));
        if (!copy) continue;
        yield {
          service: name,
          at: source.locateMount(name, target),
          path: target,
          title: `${name}: the image has files of its own in ${target}, and a named volume covers them.`,
        };
      }
    }
  },
};
