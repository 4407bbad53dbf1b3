import type { Hit, Rule } from '../rule.ts';
import type { AuditedService, DataPlace, Subject } from '../subject.ts';
import { oldMount, severityOf, strayMount } from './misplaced.ts';

/** A volume is there, but not where the image writes. */
export const volumeMissesData: Rule = {
  id: 'volume-misses-data',
  hazard: '1',
  severity: 'error',
  why: 'The volume stays empty. The data is written into the container and is gone with its next recreation.',
  fix: 'Mount the volume at the path where the data is kept.',
  *check({ services, source }) {
    for (const [service, place] of misplaced(services)) {
      const beside = strayMount(service, place);
      if (!beside) continue;
      yield {
        service: service.name,
        at: source.locateMount(service.name, beside.target),
        path: place.path,
        title: `${service.name} keeps its data in ${place.path}, and the mount is at ${beside.target}.`,
      };
    }
  },
};

/** Nothing is mounted at all. */
export const containerLayerData: Rule = {
  id: 'container-layer-data',
  hazard: '1',
  severity: 'error',
  why: "The data lies in the container's own layer. It outlives a restart and is gone with the next recreation: `up` after any change, `down`, a new image.",
  fix: 'Mount a named volume at the path.',
  *check({ services }) {
    for (const [service, place] of unmounted(services, 'image', 'store')) {
      if (strayMount(service, place)) continue;
      yield {
        service: service.name,
        at: place.at,
        path: place.path,
        ...severityOf(service, place),
        title: `${service.name} keeps its data in ${place.path}, where nothing is mounted.`,
      };
    }
  },
};

export const databaseOutsideMount: Rule = {
  id: 'database-outside-mount',
  hazard: '2',
  severity: 'error',
  why: "The app opens a database beside its mount. It lies in the container's own layer and is gone with the next recreation.",
  fix: 'Point the variable at an absolute path inside the mount.',
  check: ({ services }: Subject): Hit[] =>
    unmounted(services, 'environment').map(([service, place]) => ({
      service: service.name,
      at: place.at,
      path: place.path,
      title: `${service.name}: ${place.variable} names a database at ${place.path}, where nothing is mounted.`,
    })),
};

function unmounted(
  services: readonly AuditedService[],
  ...origins: DataPlace['origin'][]
): [AuditedService, DataPlace][] {
  return services.flatMap((service) =>
    service.places
      .filter(({ origin, placement }) => origins.includes(origin) && placement.layer === 'container')
      .map((place): [AuditedService, DataPlace] => [service, place]),
  );
}

/** Places that the container's own layer or a volume of the image holds. */
function misplaced(services: readonly AuditedService[]): [AuditedService, DataPlace][] {
  return services.flatMap((service) =>
    service.places
      .filter(({ origin, placement: { layer, imageVolume } }) => {
        const isMissed = layer === 'container' || (layer === 'anonymous-volume' && imageVolume !== null);
        return isMissed && (origin === 'image' || origin === 'store') && !oldMount(service);
      })
      .map((place): [AuditedService, DataPlace] => [service, place]),
  );
}
