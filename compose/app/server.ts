import { createAdaptorServer } from '@hono/node-server';
import { describe, log } from './log.ts';
import { createOperations } from './operations.ts';
import { Service } from './service.ts';
import { readLimits, readPlaces, readServer } from './settings.ts';

function start(): void {
  const places = readPlaces(process.env);
  const { host, port } = readServer(process.env);
  const service = new Service(places);
  const operations = createOperations(service, places, readLimits(process.env));
  const server = createAdaptorServer({ fetch: operations.fetch });
  server.listen(port, host, () => log('info', 'listening', { address: server.address() }));

  /** Requests under way are answered. */
  const stop = (signal: NodeJS.Signals): void => {
    log('info', 'stopping', { signal });
    server.close(() => {
      service.close();
      log('info', 'stopped');
    });
    if ('closeIdleConnections' in server) server.closeIdleConnections();
  };
  process.once('SIGTERM', stop).once('SIGINT', stop);
}

try {
  start();
} catch (error) {
  log('error', 'start-failed', describe(error));
  process.exitCode = 1;
}
