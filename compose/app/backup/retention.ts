import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface Backup {
  file: string;
  takenAt: number;
}

const DAY = 24 * 60 * 60 * 1000;

/** The time is read from the name, which a copy or a restore of the folder does not change, unlike the file's own time. */
const FILE_NAME = /^db-(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})(\d{3})Z\.sqlite$/;

export function backupName(at: number): string {
  return `db-${new Date(at).toISOString().replaceAll(/[-:.]/g, '')}.sqlite`;
}

export function parseBackupName(file: string): Backup | null {
  const match = FILE_NAME.exec(file);
  if (match === null) return null;
  const [, year, month, day, hour, minute, second, millisecond] = match;
  return { file, takenAt: Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${millisecond}Z`) };
}

/** The verified backups in a folder, newest first: a file has such a name only after it was checked. */
export function listBackups(folder: string): Backup[] {
  return readdirSync(folder)
    .flatMap((file) => parseBackupName(file) ?? [])
    .toSorted((one, other) => other.takenAt - one.takenAt);
}

/** The last good one. One from the future was named by a wrong clock: its age is not known. */
export function newestBackup(folder: string, now: number): Backup | null {
  const good = ({ file, takenAt }: Backup) => takenAt <= now && statSync(join(folder, file)).size > 0;
  return listBackups(folder).find(good) ?? null;
}

/**
 * Which backups may go. Age alone would delete the last good one as soon as backups fail for long enough, so:
 * nothing goes unless the newest attempt was verified, and that one always stays.
 */
export function expired(backups: readonly Backup[], verified: Backup | null, now: number, keepDays: number): Backup[] {
  if (verified === null) return [];
  return backups.filter(({ file, takenAt }) => file !== verified.file && now - takenAt > keepDays * DAY);
}
