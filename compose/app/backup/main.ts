import { setTimeout as sleep } from 'node:timers/promises';
import { describe, log } from '../log.ts';
import { readPlaces, readSchedule } from '../settings.ts';
import { backUp, removePartials } from './job.ts';
import { newestBackup } from './retention.ts';
import { untilSetUp } from './take.ts';

const { databasePath, backupDir } = readPlaces(process.env);
const { intervalMs, keepDays, startWaitMs } = readSchedule(process.env);
/** After a failure not a whole interval passes. */
const RETRY_MS = Math.min(intervalMs, 60_000);
/** A clock that was set is noticed within this time; timers take no more than 24 days anyway. */
const LONGEST_SLEEP_MS = 60 * 60 * 1000;

// A copy that is not published yet is worthless: a stop need not wait for it.
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    log('info', 'stopped', { signal });
    process.exit(0);
  });
}

/** By the last good backup, not by the start: a service restarted every day still backs up, and not at every restart. */
function dueInMs(): number {
  try {
    const last = newestBackup(backupDir, Date.now());
    return last === null ? 0 : Math.max(0, last.takenAt + intervalMs - Date.now());
  } catch (error) {
    log('error', 'backups-not-read', describe(error));
    return 0;
  }
}

removePartials(backupDir);
// On the very first start the app is about to create the database.
await untilSetUp(databasePath, startWaitMs);

for (;;) {
  const wait = dueInMs();
  if (wait > 0) {
    log('info', 'backup-due', { inSeconds: Math.round(wait / 1000) });
    await sleep(Math.min(wait, LONGEST_SLEEP_MS));
  } else if ((await backUp(databasePath, backupDir, keepDays)) === null) await sleep(RETRY_MS);
}
