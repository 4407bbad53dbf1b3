// restore.ts FILE | latest: puts a backup or an SQL dump in the place of the database. Run it with the app stopped.
import { chmodSync, chownSync, existsSync, linkSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { asFailure, command, Failure } from '../command.ts';
import { publish, removeDatabase, SIDECARS, sync } from '../durable.ts';
import { codeOf, describe, log } from '../log.ts';
import { takeLock } from '../lock.ts';
import { newestVersion } from '../migrations.ts';
import { readPlaces } from '../settings.ts';
import { listBackups } from './retention.ts';
import { stage } from './stage.ts';

const { databasePath, backupDir, migrationsDir } = readPlaces(process.env);

await command('restore', () => {
  const [from] = process.argv.slice(2);
  if (from === undefined) throw new Failure('usage', 'restore.ts FILE | latest');
  using closing = new DisposableStack();
  closing.use(takeLock(databasePath));
  // Beside the database: a rename within one folder is atomic.
  const staged = `${databasePath}.restoring`;
  try {
    const restored = from === 'latest' ? stageNewest(staged) : stageFile(from, staged);
    takeOwnerAndMode(staged);
    const replaced = keepAside(`${databasePath}.replaced`);
    for (const suffix of SIDECARS) rmSync(`${databasePath}${suffix}`, { force: true });
    publish(staged, databasePath);
    return { ...restored, replaced };
  } finally {
    removeDatabase(staged);
  }
});

function stageFile(file: string, staged: string) {
  return { file, schema: stage(file, staged, newestVersion(migrationsDir)) };
}

/** The newest one that is good. */
function stageNewest(staged: string) {
  for (const { file } of listBackups(backupDir)) {
    try {
      return stageFile(join(backupDir, file), staged);
    } catch (error) {
      if (codeOf(error) !== 'backup-damaged' && codeOf(error) !== 'backup-empty') throw error;
      log('error', 'backup-skipped', { file, ...describe(error) });
    }
  }
  throw new Failure('backup-missing', `no good backup in ${backupDir}`);
}

function takeOwnerAndMode(staged: string): void {
  const there = existsSync(databasePath);
  const { uid, gid, mode } = statSync(there ? databasePath : dirname(databasePath));
  chmodSync(staged, there ? mode & 0o777 : 0o644);
  const own = statSync(staged);
  if (own.uid !== uid || own.gid !== gid) chownSync(staged, uid, gid);
}

/** A second name for the old database, so that there is one at every moment. Only the last replaced one is kept. */
function keepAside(aside: string): string | null {
  if (!existsSync(databasePath)) return null;
  foldWal();
  removeDatabase(aside);
  for (const suffix of ['', '-wal']) {
    if (existsSync(`${databasePath}${suffix}`)) linkSync(`${databasePath}${suffix}`, `${aside}${suffix}`);
  }
  sync(dirname(aside));
  return aside;
}

/** Brings what is in the -wal into the old database. SQLite does so for nobody while another process has it open. */
function foldWal(): void {
  const database = new Database(databasePath, { timeout: 5000 });
  try {
    database.pragma('journal_mode = DELETE');
    database.exec('BEGIN EXCLUSIVE; ROLLBACK');
  } catch (error) {
    if (codeOf(error)?.startsWith('SQLITE_BUSY'))
      throw new Failure('database-in-use', 'another process has the database open');
    if (codeOf(error) === 'SQLITE_READONLY') throw asFailure(error, 'not-permitted');
    // Damaged: it is kept as it is, with its -wal.
    log('error', 'replaced-database-damaged', describe(error));
  } finally {
    database.close();
  }
}
