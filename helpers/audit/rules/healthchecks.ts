import type { ServiceModel } from '../../stack/project-model.ts';
import type { Rule } from '../rule.ts';
import { milliseconds } from '../subject.ts';

const HALF_A_MINUTE = 30_000;

/** How long a service may take at its start until it counts as unhealthy, in milliseconds; `null`: there is no check in the file. */
function patienceOf({ healthcheck }: ServiceModel): number | null {
  if (!healthcheck?.test || healthcheck.disable === true) return null;
  const interval = milliseconds(healthcheck['interval']) ?? 30_000;
  const retries = Number(healthcheck['retries'] ?? 3);
  return (milliseconds(healthcheck['start_period']) ?? 0) + interval * retries;
}

export const impatientHealthcheck: Rule = {
  id: 'impatient-healthcheck',
  hazard: '41',
  severity: 'warning',
  why: 'The first start of a database takes its time. Once it counts as unhealthy, `up` fails; who then removes the container breaks the first initialisation off half-way, and the next start refuses the folder.',
  fix: 'Set `start_period: 1m` or more.',
  *check({ services, source, model }) {
    for (const { name, known, model: service } of services) {
      const patience = patienceOf(service);
      const awaited = Object.values(model.services).some(
        ({ depends_on: needs }) => needs?.[name]?.condition === 'service_healthy',
      );
      if (known?.engine === null || known === null || patience === null || patience >= HALF_A_MINUTE || !awaited)
        continue;
      yield {
        service: name,
        at: source.locate('services', name, 'healthcheck'),
        title: `${name} has ${patience / 1000} s for its first start before it counts as unhealthy.`,
      };
    }
  },
};

export const healthcheckKillsStart: Rule = {
  id: 'healthcheck-kills-start',
  hazard: '42',
  severity: 'warning',
  why: 'What restarts unhealthy containers ends one that is still busy with a migration, and again at its next start. A migration that is not in one transaction stays half done.',
  fix: 'Set a `start_period` that is longer than the longest migration.',
  *check({ services, source }) {
    const heals = services.some(({ reference }) => /(^|\/)autoheal(:|$)/.test(reference ?? ''));
    if (!heals) return;
    for (const { name, model } of services) {
      const patience = patienceOf(model);
      const watched =
        services.some(
          ({ model: other }) =>
            (other['environment'] as Record<string, string> | undefined)?.['AUTOHEAL_CONTAINER_LABEL'] === 'all',
        ) || model.labels?.['autoheal'] === 'true';
      if (patience === null || patience >= HALF_A_MINUTE || !watched) continue;
      yield {
        service: name,
        at: source.locate('services', name, 'healthcheck'),
        title: `${name} is restarted when it is not healthy ${patience / 1000} s after its start.`,
      };
    }
  },
};
