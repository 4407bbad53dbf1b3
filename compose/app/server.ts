import { join } from 'node:path';
import { createAdaptorServer } from '@hono/node-server';
import { createApi } from './api.ts';
import { createHealthCheck, openDatabase } from './database.ts';
import { describe, log } from './log.ts';
import { migrate } from './migrations.ts';
import { Repositories } from './repositories.ts';
import { readSettings } from './settings.ts';

function start(): void {
  const { host, port, databasePath, reposDir, backupDir, title } = readSettings(process.env);
  const database = openDatabase(databasePath);
  try {
    const applied = migrate(database, join(import.meta.dirname, 'migrations'), backupDir);
    log('info', 'schema-ready', { applied });
  } catch (error) {
    log('error', 'migration-failed', describe(error));
    database.close();
    process.exitCode = 1;
    return;
  }

  const repositories = new Repositories(reposDir);
  const api = createApi({ database, repositories, checkHealth: createHealthCheck(databasePath), title });
  const server = createAdaptorServer({ fetch: api.fetch });
  server.listen(port, host, () => log('info', 'listening', { address: server.address() }));

  /** Requests under way are answered; closing the last connection folds the WAL back into the database. */
  const stop = (signal: NodeJS.Signals): void => {
    log('info', 'stopping', { signal });
    server.close(() => {
      database.close();
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
