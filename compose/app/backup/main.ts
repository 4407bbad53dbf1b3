import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { describe, log } from '../log.ts';
import { type Backup, expired, parseBackupName } from './retention.ts';
import { isSetUp, takeBackup } from './take.ts';

const environment = z
  .object({
    DATABASE_PATH: z.string().default('/app/dev_assets/db.sqlite'),
    BACKUP_DIR: z.string().default('/backups'),
    BACKUP_INTERVAL: z.coerce.number().positive().default(86_400),
    BACKUP_KEEP_DAYS: z.coerce.number().positive().default(7),
    /** Seconds that a first start waits for the app to create the database. */
    BACKUP_START_WAIT: z.coerce.number().nonnegative().default(30),
  })
  .parse(process.env);
const { DATABASE_PATH: source, BACKUP_DIR: folder, BACKUP_KEEP_DAYS: keepDays } = environment;
const interval = environment.BACKUP_INTERVAL * 1000;
/** After a failure not a whole interval passes. */
const retry = Math.min(interval, 60_000);

// A copy that is not published yet is worthless: a stop need not wait for it.
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    log('info', 'stopped', { signal });
    process.exit(0);
  });
}

const backups = (): Backup[] => readdirSync(folder).flatMap((file) => parseBackupName(file) ?? []);

async function backUp(): Promise<boolean> {
  try {
    const taken = await takeBackup(source, folder, Date.now());
    log('info', 'backup-taken', { ...taken });
    for (const { file } of expired(backups(), taken, Date.now(), keepDays)) {
      rmSync(join(folder, file));
      log('info', 'backup-pruned', { file });
    }
    return true;
  } catch (error) {
    const newest = Math.max(...backups().map(({ takenAt }) => takenAt));
    const newestBackup = Number.isFinite(newest) ? new Date(newest).toISOString() : null;
    log('error', 'backup-failed', { ...describe(error), newestBackup });
    return false;
  }
}

// What an interrupted attempt left behind.
for (const file of readdirSync(folder).filter((name) => name.includes('.sqlite.partial'))) rmSync(join(folder, file));

// On the very first start the app is about to create the database.
for (let waited = 0; !isSetUp(source) && waited < environment.BACKUP_START_WAIT * 1000; waited += 100) await sleep(100);

for (;;) {
  await sleep((await backUp()) ? interval : retry);
}
