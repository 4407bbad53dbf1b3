import type { Facts } from './facts.ts';
import { log } from './log.ts';
import type { Limits } from './settings.ts';
import { isFailing, type JobStatus } from './status.ts';

export const ALARMS = [
  'database-size',
  'disk-space',
  'not-writable',
  'no-backup',
  'backup-failed',
  'backup-too-old',
  'offsite-failed',
  'offsite-too-old',
  'migration-failed',
] as const;

export interface Alarm {
  alarm: (typeof ALARMS)[number];
  /** The file or folder that it is about, where there can be several. */
  path?: string;
  value: string | number | null;
  limit: string | number | null;
  message: string;
  fix: string;
}

/** What is wrong with the data, or soon will be. An alarm is for a person; it does not make the app unhealthy. */
export function alarmsOf(facts: Facts, limits: Limits): Alarm[] {
  return [
    ...databaseSize(facts, limits),
    ...diskSpace(facts, limits),
    ...notWritable(facts),
    ...backupAge(facts, limits),
    ...jobFailed('backup-failed', facts.backup, 'docker compose exec backup node backup/now.ts'),
    ...jobFailed('offsite-failed', facts.offsite, 'docker compose run --rm --no-deps offsite'),
    ...offsiteAge(facts, limits),
    ...migrationFailed(facts),
  ];
}

function databaseSize({ databaseBytes, walBytes }: Facts, { databaseBytes: limit }: Limits): Alarm[] {
  const value = (databaseBytes ?? 0) + (walBytes ?? 0);
  if (value <= limit) return [];
  const message = `the database has ${value} bytes`;
  return [
    {
      alarm: 'database-size',
      value,
      limit,
      message,
      fix: 'delete what nobody needs and VACUUM, or raise ALARM_DATABASE_BYTES',
    },
  ];
}

function diskSpace({ filesystems }: Facts, { diskPercent: limit }: Limits): Alarm[] {
  return filesystems.flatMap(({ folder: path, freeRatio }) => {
    const value = Math.round((1 - freeRatio) * 1000) / 10;
    if (value <= limit) return [];
    const message = `the filesystem of ${path} is ${value} % full`;
    return [{ alarm: 'disk-space', path, value, limit, message, fix: 'free some space: df -h; docker system df' }];
  });
}

function notWritable({ unwritable }: Facts): Alarm[] {
  return unwritable.map(({ path, owner, needed, problem, fix }) => ({
    alarm: 'not-writable',
    path,
    value: owner,
    limit: needed,
    message: `${path} is not writable: it ${problem}`,
    fix,
  }));
}

function backupAge({ newestBackup, now, upSince }: Facts, limits: Limits): Alarm[] {
  const fix = 'docker compose up -d backup; docker compose logs backup';
  if (newestBackup === null) {
    const [value, limit] = [seconds(now - upSince), limits.noBackupAfter];
    // On a first start the first backup is a moment away.
    if (value < limit) return [];
    return [{ alarm: 'no-backup', value, limit, message: `there is no backup after ${value} s`, fix }];
  }
  const [value, limit] = [seconds(now - newestBackup.takenAt), limits.backupAge];
  if (value <= limit) return [];
  const message = `the last good backup, ${newestBackup.file}, is ${value} s old`;
  return [{ alarm: 'backup-too-old', value, limit, message, fix }];
}

function jobFailed(alarm: 'backup-failed' | 'offsite-failed', status: JobStatus, fix: string): Alarm[] {
  if (!isFailing(status) || status.lastFailure === null) return [];
  const { at, message } = status.lastFailure;
  return [{ alarm, value: at, limit: null, message, fix: `mend the reason, then: ${fix}` }];
}

/** Silent as long as no copy ever went off-site: then nobody meant to make any, as far as the app knows. */
function offsiteAge({ offsite, now }: Facts, { offsiteAge: limit }: Limits): Alarm[] {
  const { lastSuccess } = offsite;
  if (lastSuccess === null) return [];
  const value = seconds(now - Date.parse(lastSuccess.at));
  if (value <= limit) return [];
  return [
    {
      alarm: 'offsite-too-old',
      value,
      limit,
      message: `the last copy off-site, ${lastSuccess.file}, was made ${value} s ago`,
      fix: 'look why the nightly job did not run, then: docker compose run --rm --no-deps offsite',
    },
  ];
}

function migrationFailed({ migrationFailure }: Facts): Alarm[] {
  if (migrationFailure === null) return [];
  const { message, copy } = migrationFailure;
  const kept = copy === null ? '' : `; a copy of the database is in ${copy}`;
  return [
    {
      alarm: 'migration-failed',
      value: null,
      limit: null,
      message: `${message}. Nothing was changed${kept}`,
      fix: 'mend the migration or start the app as it was before, then: docker compose up -d --build app',
    },
  ];
}

function seconds(milliseconds: number): number {
  return Math.round(milliseconds / 1000);
}

/** Knows since when each is raised; says so once when it is, and once when it is cleared. */
export class AlarmBook {
  #raised = new Map<string, Alarm & { since: string }>();

  update(alarms: readonly Alarm[], now: number): (Alarm & { since: string })[] {
    const before = this.#raised;
    this.#raised = new Map();
    for (const alarm of alarms) {
      const key = `${alarm.alarm} ${alarm.path ?? ''}`;
      const raised = { ...alarm, since: before.get(key)?.since ?? new Date(now).toISOString() };
      this.#raised.set(key, raised);
      if (!before.has(key)) log('error', 'alarm-raised', raised);
    }
    for (const [key, { alarm, path, since }] of before)
      if (!this.#raised.has(key)) log('info', 'alarm-cleared', { alarm, path, since });
    return [...this.#raised.values()];
  }
}
