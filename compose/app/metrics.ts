import { Counter, Gauge, Registry } from 'prom-client';
import { type Alarm, ALARMS } from './alarms.ts';
import type { Facts } from './facts.ts';
import type { JobStatus } from './status.ts';

/** What was not measured is NaN, never 0. */
const measured = (value: number | null | undefined): number => value ?? Number.NaN;

const timestamp = (at: string | undefined): number => (at === undefined ? Number.NaN : Date.parse(at) / 1000);

/** The facts in the text format of Prometheus. Made anew for each scrape: the facts keep the state. */
export async function metricsOf(facts: Facts, alarms: readonly Alarm[]): Promise<{ type: string; text: string }> {
  const registry = new Registry();
  const registers = [registry];
  const gauge = (name: string, help: string, value: number | null | undefined): void =>
    new Gauge({ name, help, registers }).set(measured(value));
  const gauges = <Item>(
    name: string,
    help: string,
    label: string,
    items: readonly Item[],
    of: (item: Item) => [string, number],
  ) => {
    const labelled = new Gauge({ name, help, labelNames: [label], registers });
    for (const item of items) {
      const [key, value] = of(item);
      labelled.set({ [label]: key }, value);
    }
  };

  gauge('app_database_bytes', 'Size of the database without its WAL', facts.databaseBytes);
  gauge('app_database_wal_bytes', 'Size of the WAL; none while the database is closed', facts.walBytes);
  gauge('app_schema_version', 'Schema that the database is on', facts.schema);
  gauge('app_migration_failed', '1 after a migration that failed', facts.migrationFailure === null ? 0 : 1);

  const { newestBackup, now } = facts;
  gauge(
    'app_backup_last_success_timestamp_seconds',
    'When the last good backup was taken',
    newestBackup && newestBackup.takenAt / 1000,
  );
  gauge('app_backup_age_seconds', 'Age of the last good backup', newestBackup && (now - newestBackup.takenAt) / 1000);
  jobMetrics('backup', facts.backup, registry);
  jobMetrics('offsite', facts.offsite, registry);
  gauge(
    'app_offsite_last_success_timestamp_seconds',
    'When the last backup went off-site',
    timestamp(facts.offsite.lastSuccess?.at),
  );

  const foreign = new Set(facts.unwritable.map(({ path }) => path));
  gauges(
    'app_filesystem_free_ratio',
    'Free part of the filesystem',
    'folder',
    facts.filesystems,
    ({ folder, freeRatio }) => [folder, freeRatio],
  );
  gauges('app_folder_writable', '1 where the app can write', 'folder', facts.folders, (folder) => [
    folder,
    foreign.has(folder) ? 0 : 1,
  ]);
  gauges('app_alarm', '1 while the alarm is raised', 'alarm', ALARMS, (name) => [
    name,
    alarms.some(({ alarm }) => alarm === name) ? 1 : 0,
  ]);
  return { type: registry.contentType, text: await registry.metrics() };
}

function jobMetrics(job: string, { successes, failures }: JobStatus, registry: Registry): void {
  for (const [what, count] of Object.entries({ successes, failures }))
    new Counter({ name: `app_${job}_${what}_total`, help: `Attempts that ended so`, registers: [registry] }).inc(count);
}
