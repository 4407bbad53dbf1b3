import { statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Backup, newestBackup } from './backup/retention.ts';
import type { MigrationFailed } from './migrations.ts';
import type { Service } from './service.ts';
import type { readPlaces } from './settings.ts';
import { type JobStatus, readStatus } from './status.ts';
import { databaseFiles, type Unwritable, unwritable } from './writable.ts';

export interface Filesystem {
  folder: string;
  /** Of what may be used, as df counts. */
  freeRatio: number;
}

/** What was measured at one moment. `null`: it could not be. */
export interface Facts {
  now: number;
  upSince: number;
  databaseBytes: number | null;
  walBytes: number | null;
  filesystems: Filesystem[];
  folders: string[];
  /** Folders and database files that this process cannot write to. */
  unwritable: Unwritable[];
  newestBackup: Backup | null;
  backup: JobStatus;
  offsite: JobStatus;
  schema: number | null;
  migrationFailure: MigrationFailed | null;
}

const upSince = Date.now();

export function gather(places: ReturnType<typeof readPlaces>, service: Service): Facts {
  const { databasePath, reposDir, backupDir } = places;
  const now = Date.now();
  const folders = [dirname(databasePath), backupDir, reposDir];
  return {
    now,
    upSince,
    databaseBytes: bytesOf(databasePath),
    walBytes: bytesOf(`${databasePath}-wal`),
    filesystems: [dirname(databasePath), backupDir].flatMap((folder) => filesystemOf(folder) ?? []),
    folders,
    unwritable: [...folders, ...databaseFiles(databasePath)].flatMap((path) => unwritable(path) ?? []),
    newestBackup: orNull(() => newestBackup(backupDir, now)),
    backup: readStatus(backupDir, 'backup'),
    offsite: readStatus(backupDir, 'offsite'),
    schema: service.open?.schema ?? null,
    migrationFailure: service.migrationFailure,
  };
}

function bytesOf(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.size ?? null;
}

function filesystemOf(folder: string): Filesystem | null {
  return orNull(() => {
    const { blocks, bfree, bavail } = statfsSync(folder);
    return { folder, freeRatio: bavail / (blocks - bfree + bavail) };
  });
}

function orNull<Value>(measure: () => Value): Value | null {
  try {
    return measure();
  } catch {
    return null;
  }
}
