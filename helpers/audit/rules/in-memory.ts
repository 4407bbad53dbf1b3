import type { Rule } from '../rule.ts';
import { environmentOf } from '../subject.ts';

export const tmpfsData: Rule = {
  id: 'tmpfs-data',
  hazard: '40',
  severity: 'error',
  why: 'The data lies in memory. It is gone as soon as the container stops, for a restart as for a reboot.',
  fix: 'Mount a named volume in place of the tmpfs.',
  *check({ services, source }) {
    for (const { name, places } of services) {
      for (const { path, placement } of places.filter((place) => place.placement.layer === 'tmpfs')) {
        yield {
          service: name,
          at: source.locateMount(name, placement.mount?.target ?? path),
          path,
          title: `${name} keeps its data in ${path}, which is a tmpfs.`,
        };
      }
    }
  },
};

export const inMemoryDatabase: Rule = {
  id: 'in-memory-database',
  hazard: '40',
  severity: 'error',
  why: 'The server runs in a mode for development or with a database in memory. What it is told is gone with the process.',
  fix: 'Start it in the mode for production, with a database on a volume.',
  *check({ services, source }) {
    for (const service of services) {
      const { name } = service;
      for (const { runs } of service.commands) {
        const mode = runs.flatMap(developmentMode)[0];
        if (mode !== undefined)
          yield {
            service: name,
            at: source.locate('services', name, 'command'),
            title: `${name} is started with \`${mode}\`.`,
          };
      }
      for (const [variable, value] of Object.entries(environmentOf(service.model))) {
        if (!/^(sqlite3?(\+\w+)?:.*:memory:|file::memory:|:memory:$)/i.test(value ?? '')) continue;
        yield {
          service: name,
          at: source.locate('services', name, 'environment', variable),
          title: `${name}: ${variable} names a database in memory.`,
        };
      }
    }
  },
};

/** Servers whose mode for development forgets everything. */
function developmentMode(argv: readonly string[]): string[] {
  if (argv.includes('start-dev')) return ['start-dev'];
  const isServer = argv.some((word) => /(^|\/)(vault|bao|consul|nomad|server|agent)$/.test(word));
  return isServer && argv.includes('-dev') ? ['-dev'] : [];
}
