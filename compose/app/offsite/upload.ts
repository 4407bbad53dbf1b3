// upload.ts [FILE]: a backup or an SQL dump, the newest backup without a FILE, verified and copied to a bucket.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newestBackup } from '../backup/retention.ts';
import { stage } from '../backup/stage.ts';
import { command, Failure } from '../command.ts';
import { newestVersion } from '../migrations.ts';
import { readPlaces } from '../settings.ts';
import { recordFailure, recordSuccess } from '../status.ts';
import { Bucket } from './bucket.ts';

const { backupDir, migrationsDir } = readPlaces(process.env);

await command('upload', async () => {
  try {
    const file = process.argv[2] ?? newest();
    verify(file);
    const bucket = new Bucket(process.env);
    const uploaded = await bucket.upload(file);
    await bucket.check(uploaded);
    recordSuccess(backupDir, 'offsite', uploaded.key);
    return uploaded;
  } catch (error) {
    recordFailure(backupDir, 'offsite', error);
    throw error;
  }
});

function newest(): string {
  const backup = newestBackup(backupDir, Date.now());
  if (backup === null) throw new Failure('backup-missing', `no backup in ${backupDir}`);
  return join(backupDir, backup.file);
}

/** As a restore would take it: on a copy. */
function verify(file: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'verify-'));
  try {
    stage(file, join(folder, 'db.sqlite'), newestVersion(migrationsDir));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
