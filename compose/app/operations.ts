import { Hono } from 'hono';
import { AlarmBook, alarmsOf } from './alarms.ts';
import { type Facts, gather } from './facts.ts';
import { metricsOf } from './metrics.ts';
import type { Service } from './service.ts';
import type { Limits, readPlaces } from './settings.ts';

/**
 * What those who run the app ask it: its health, its alarms, its metrics. They answer also while the database cannot be
 * opened; everything else is 503 then. Alarms are looked at whenever one is asked for: Docker's health check does.
 */
export function createOperations(service: Service, places: ReturnType<typeof readPlaces>, limits: Limits): Hono {
  const book = new AlarmBook();

  const look = (): { facts: Facts; reason: string | null; alarms: ReturnType<AlarmBook['update']> } => {
    const reason = service.check();
    const facts = gather(places, service);
    return {
      facts,
      alarms: book.update(alarmsOf(facts, limits), facts.now),
      reason: reason ?? unwritableDatabase(facts),
    };
  };

  /** SQLite makes files beside the database: a folder of somebody else's breaks it sooner or later. */
  const unwritableDatabase = ({ unwritable }: Facts): string | null => {
    const broken = unwritable.find(
      ({ path }) => places.databasePath.startsWith(path) || path.startsWith(places.databasePath),
    );
    return broken === undefined ? null : `${broken.path} is not writable: it ${broken.problem}`;
  };

  look();
  return new Hono()
    .get('/api/health', (context) => {
      const { reason, alarms } = look();
      if (reason === null) return context.json({ status: 'ok', title: service.open?.title, alarms });
      return context.json({ status: 'unavailable', reason, alarms }, 503);
    })
    .get('/metrics', async (context) => {
      const { facts, alarms } = look();
      const { type, text } = await metricsOf(facts, alarms);
      return context.body(text, 200, { 'content-type': type });
    })
    .all('*', (context) => {
      if (service.open !== null) return service.open.api.fetch(context.req.raw, context.env);
      return context.json({ error: 'the database is not open: see /api/health' }, 503);
    });
}
