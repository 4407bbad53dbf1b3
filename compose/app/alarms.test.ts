import { chownSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ALARMS } from './alarms.ts';
import { backupName } from './backup/retention.ts';
import { recordFailure, recordSuccess } from './status.ts';
import { type Folders, health, isRoot, startProcess, temporaryFolders } from './test-app.ts';

const HOUR = 60 * 60 * 1000;

function backupOf(folders: Folders, age: number): void {
  writeFileSync(join(folders.backups, backupName(Date.now() - age)), 'a backup');
}

async function metric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
  if (line === undefined) throw new Error(`no ${name} in ${text}`);
  return Number(line.slice(name.length + 1));
}

test('all is well: no alarm, healthy, and every metric measured', async () => {
  using folders = temporaryFolders();
  backupOf(folders, HOUR);
  recordFailure(folders.backups, 'backup', new Error('long ago'));
  recordSuccess(folders.backups, 'backup', 'file');
  await using app = startProcess('server.ts', folders);
  const url = await app.url();

  expect(await health(url)).toMatchObject({ code: 200, status: 'ok', alarms: [] });
  expect(app.lines.map(({ event }) => event)).toEqual(['schema-ready', 'listening']);
  expect(await metric(url, 'app_database_bytes')).toBeGreaterThan(0);
  expect(await metric(url, 'app_database_wal_bytes')).toBeGreaterThan(0);
  expect(await metric(url, 'app_schema_version')).toBe(2);
  expect(await metric(url, 'app_migration_failed')).toBe(0);
  expect(await metric(url, 'app_backup_age_seconds')).toBeCloseTo(3600, -2);
  expect(await metric(url, 'app_backup_last_success_timestamp_seconds')).toBeCloseTo((Date.now() - HOUR) / 1000, -2);
  expect(await metric(url, 'app_backup_successes_total')).toBe(1);
  expect(await metric(url, 'app_backup_failures_total')).toBe(1);
  expect(await metric(url, 'app_offsite_successes_total')).toBe(0);
  expect(await metric(url, 'app_offsite_last_success_timestamp_seconds')).toBeNaN();
  for (const folder of [folders.data, folders.backups]) {
    const free = await metric(url, `app_filesystem_free_ratio{folder="${folder}"}`);
    expect(free).toBeGreaterThan(0);
    expect(free).toBeLessThan(1);
  }
  for (const folder of [folders.data, folders.backups, folders.repos])
    expect(await metric(url, `app_folder_writable{folder="${folder}"}`)).toBe(1);
  for (const alarm of ALARMS) expect(await metric(url, `app_alarm{alarm="${alarm}"}`)).toBe(0);
});

interface Fault {
  make?: (folders: Folders) => void;
  environment?: Record<string, string>;
  /** Takes the fault away while the app runs; where it is a limit, that takes a restart. */
  mend?: (folders: Folders) => void;
}

const failed = (job: 'backup' | 'offsite'): Fault => ({
  make: (folders) => {
    backupOf(folders, HOUR);
    recordFailure(folders.backups, job, new Error('why'));
  },
  mend: (folders) => recordSuccess(folders.backups, job, 'file'),
});

/** The last copy went off-site two days and an hour ago. */
function offsiteTooOld(): Fault {
  return {
    make: (folders) => {
      backupOf(folders, HOUR);
      recordSuccess(folders.backups, 'offsite', 'file');
      const file = join(folders.backups, 'status-offsite.json');
      const at = new Date(Date.now() - 49 * HOUR).toISOString();
      writeFileSync(file, readFileSync(file, 'utf8').replace(/"at": "[^"]*"/, `"at": "${at}"`));
    },
    mend: (folders) => recordSuccess(folders.backups, 'offsite', 'file'),
  };
}

const FAULTS: [(typeof ALARMS)[number], Fault][] = [
  ['database-size', { make: (folders) => backupOf(folders, HOUR), environment: { ALARM_DATABASE_BYTES: '100' } }],
  ['disk-space', { make: (folders) => backupOf(folders, HOUR), environment: { ALARM_DISK_PERCENT: '0.0001' } }],
  ['no-backup', { environment: { ALARM_NO_BACKUP_AFTER: '0' }, mend: (folders) => backupOf(folders, HOUR) }],
  ['backup-failed', failed('backup')],
  ['offsite-failed', failed('offsite')],
  ['offsite-too-old', offsiteTooOld()],
  ['backup-too-old', { make: (folders) => backupOf(folders, 49 * HOUR), mend: (folders) => backupOf(folders, 0) }],
];

test.for(FAULTS)(
  '%s: raised in health, log and metrics, without making the app unhealthy; then cleared',
  async ([alarm, fault]) => {
    using folders = temporaryFolders();
    fault.make?.(folders);
    await using app = startProcess('server.ts', folders, fault.environment);
    const url = await app.url();

    const first = await health(url);
    expect(first).toMatchObject({ code: 200, status: 'ok' });
    expect(new Set(first.names)).toEqual(new Set([alarm]));
    expect(first.alarms[0]?.message).not.toBe('');
    expect(first.alarms[0]?.fix).not.toBe('');
    expect((await health(url)).alarms[0]?.since).toBe(first.alarms[0]?.since);
    expect(await metric(url, `app_alarm{alarm="${alarm}"}`)).toBe(1);
    const said = () => app.lines.filter(({ event }) => event === 'alarm-raised');
    expect(said()).toHaveLength(first.names.length); // once, however often one asks
    expect(said()[0]).toMatchObject({ level: 'error', alarm });

    if (fault.mend === undefined) return;
    fault.mend(folders);
    expect((await health(url)).names).toEqual([]);
    expect(await app.event('alarm-cleared')).toMatchObject({ alarm });
  },
);

test.runIf(isRoot)(
  'not-writable: of the folder of backups, with its owner and the command; the app serves on',
  async () => {
    using folders = temporaryFolders();
    backupOf(folders, HOUR);
    chownSync(folders.backups, 4242, 4343);
    await using app = startProcess('server.ts', folders, {}, { powerless: true });
    const url = await app.url();
    const [alarm] = (await health(url)).alarms;
    expect(alarm).toMatchObject({ alarm: 'not-writable', path: folders.backups, value: '4242:4343', limit: '0:0' });
    expect(alarm?.fix).toMatch(/ chown app -R 0:0 .*backups$/);
    expect(await metric(url, `app_folder_writable{folder="${folders.backups}"}`)).toBe(0);
    chownSync(folders.backups, 0, 0);
    expect(await health(url)).toMatchObject({ code: 200, alarms: [] });
  },
);

test('a backup whose name lies in the future, or that is empty, is none', async () => {
  using folders = temporaryFolders();
  backupOf(folders, -HOUR);
  writeFileSync(join(folders.backups, backupName(Date.now() - HOUR)), '');
  await using app = startProcess('server.ts', folders, { ALARM_NO_BACKUP_AFTER: '0' });
  const url = await app.url();
  expect((await health(url)).names).toEqual(['no-backup']);
  expect(await metric(url, 'app_backup_age_seconds')).toBeNaN();
});

test('a status that cannot be read, and a folder of backups that is gone, do not take the app down', async () => {
  using folders = temporaryFolders();
  writeFileSync(join(folders.backups, 'status-backup.json'), '{"succ');
  await using app = startProcess('server.ts', folders);
  const url = await app.url();
  expect(await health(url)).toMatchObject({ code: 200 });
  rmSync(folders.backups, { recursive: true });
  expect(await health(url)).toMatchObject({ code: 200, names: ['not-writable'] });
});
