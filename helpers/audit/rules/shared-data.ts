import type { Rule } from '../rule.ts';
import type { AuditedService, DataPlace } from '../subject.ts';

export const sharedDataDirectory: Rule = {
  id: 'shared-data-directory',
  hazard: '35',
  severity: 'error',
  why: 'Two servers write to one folder of data. Each believes to be alone there, and between them the files become corrupt.',
  fix: 'Give each server a volume of its own, and one replica.',
  *check({ services, source }) {
    const owners = new Map<string, AuditedService>();
    for (const service of services.filter(({ known }) => known !== null && known.engine !== null)) {
      const place = service.places.find(isWritten);
      if (!place) continue;
      const { model, name } = service;
      const replicas = Math.max(
        (model['deploy'] as { replicas?: number } | undefined)?.replicas ?? 1,
        (model['scale'] as number | undefined) ?? 1,
      );
      const target = place.placement.mount?.target ?? place.path;
      if (replicas > 1)
        yield {
          service: name,
          at:
            source.find(['services', name, 'deploy', 'replicas'])?.location ?? source.locate('services', name, 'scale'),
          path: place.path,
          title: `${replicas} replicas of ${name} share the data in ${place.path}.`,
        };
      const key = `${place.placement.layer} ${place.placement.mount?.source}`;
      const other = owners.get(key);
      if (other)
        yield {
          service: name,
          at: source.locateMount(name, target),
          path: place.path,
          title: `${name} and ${other.name} keep their data in the same place.`,
        };
      else owners.set(key, service);
    }
  },
};

function isWritten({ origin, placement: { layer, mount } }: DataPlace): boolean {
  return origin === 'image' && (layer === 'named-volume' || layer === 'bind') && mount?.readOnly === false;
}
