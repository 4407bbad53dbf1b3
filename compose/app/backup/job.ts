import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, log } from '../log.ts';
import { recordFailure, recordSuccess } from '../status.ts';
import { type Backup, expired, listBackups, newestBackup } from './retention.ts';
import { takeBackup } from './take.ts';

/** Takes one, then lets go of those that are too old. Success and failure go into the log and the status file. */
export async function backUp(source: string, folder: string, keepDays: number): Promise<Backup | null> {
  try {
    const taken = await takeBackup(source, folder, Date.now());
    log('info', 'backup-taken', { ...taken });
    recordSuccess(folder, 'backup', taken.file);
    prune(folder, taken, keepDays);
    return taken;
  } catch (error) {
    log('error', 'backup-failed', { ...describe(error), ...lastGood(folder) });
    recordFailure(folder, 'backup', error);
    return null;
  }
}

/** What an interrupted attempt left behind. */
export function removePartials(folder: string): void {
  try {
    for (const file of readdirSync(folder).filter((name) => /^db-.*\.sqlite\.partial/.test(name)))
      rmSync(join(folder, file));
  } catch (error) {
    log('error', 'partials-not-removed', describe(error));
  }
}

function prune(folder: string, taken: Backup, keepDays: number): void {
  for (const { file } of expired(listBackups(folder), taken, Date.now(), keepDays)) {
    rmSync(join(folder, file));
    log('info', 'backup-pruned', { file });
  }
}

function lastGood(folder: string): { lastGood: string | null; ageSeconds: number | null } {
  const now = Date.now();
  try {
    const newest = newestBackup(folder, now);
    if (newest !== null) return { lastGood: newest.file, ageSeconds: Math.round((now - newest.takenAt) / 1000) };
  } catch {
    // The folder cannot be read: then nobody knows.
  }
  return { lastGood: null, ageSeconds: null };
}
