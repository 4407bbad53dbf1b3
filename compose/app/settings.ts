import { join } from 'node:path';
import { z } from 'zod';

/** Compose hands over a variable that is not set as an empty one. */
export const optional = <Schema extends z.ZodType>(schema: Schema) =>
  z.preprocess((value) => (value === '' ? undefined : value), schema);

const path = (fallback: string) => optional(z.string().startsWith('/').default(fallback));
const positive = (fallback: number) => optional(z.coerce.number().positive().default(fallback));

const Places = z.object({
  DATABASE_PATH: path('/app/dev_assets/db.sqlite'),
  REPOS_DIR: path('/repos'),
  BACKUP_DIR: path('/backups'),
  MIGRATIONS_DIR: path(join(import.meta.dirname, 'migrations')),
});

const Server = z.object({
  HOST: z.string().default('0.0.0.0'),
  PORT: optional(z.coerce.number().int().min(0).max(65_535).default(3001)),
});

const Schedule = z.object({
  BACKUP_INTERVAL: positive(86_400),
  BACKUP_KEEP_DAYS: positive(7),
  BACKUP_START_WAIT: optional(z.coerce.number().nonnegative().default(30)),
});

const AlarmLimits = z.object({
  ALARM_DATABASE_BYTES: positive(1024 ** 3),
  ALARM_DISK_PERCENT: positive(90),
  ALARM_BACKUP_AGE: optional(z.coerce.number().positive().optional()),
  ALARM_NO_BACKUP_AFTER: optional(z.coerce.number().nonnegative().default(300)),
  ALARM_OFFSITE_AGE: positive(172_800),
});

/** Where things are: the same for every program of the image. */
export function readPlaces(environment: NodeJS.ProcessEnv) {
  const { DATABASE_PATH, REPOS_DIR, BACKUP_DIR, MIGRATIONS_DIR } = Places.parse(environment);
  return { databasePath: DATABASE_PATH, reposDir: REPOS_DIR, backupDir: BACKUP_DIR, migrationsDir: MIGRATIONS_DIR };
}

export function readServer(environment: NodeJS.ProcessEnv) {
  const { HOST, PORT } = Server.parse(environment);
  return { host: HOST, port: PORT };
}

/** `startWaitMs`: how long a first start waits for the app to create the database. */
export function readSchedule(environment: NodeJS.ProcessEnv) {
  const { BACKUP_INTERVAL, BACKUP_KEEP_DAYS, BACKUP_START_WAIT } = Schedule.parse(environment);
  return {
    intervalMs: BACKUP_INTERVAL * 1000,
    keepDays: BACKUP_KEEP_DAYS,
    startWaitMs: BACKUP_START_WAIT * 1000,
  };
}

export interface Limits {
  databaseBytes: number;
  diskPercent: number;
  /** Seconds: how old the last good backup may be, and how long there may be none after a start. */
  backupAge: number;
  noBackupAfter: number;
  /** Seconds: how long ago the last copy off-site may have been made. */
  offsiteAge: number;
}

export function readLimits(environment: NodeJS.ProcessEnv): Limits {
  const limits = AlarmLimits.parse(environment);
  return {
    databaseBytes: limits.ALARM_DATABASE_BYTES,
    diskPercent: limits.ALARM_DISK_PERCENT,
    backupAge: limits.ALARM_BACKUP_AGE ?? (2 * readSchedule(environment).intervalMs) / 1000,
    noBackupAfter: limits.ALARM_NO_BACKUP_AFTER,
    offsiteAge: limits.ALARM_OFFSITE_AGE,
  };
}
