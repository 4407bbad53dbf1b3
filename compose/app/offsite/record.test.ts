import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isFailing, readStatus } from '../status.ts';
import { temporaryFolders } from '../test-app.ts';

test.for([
  ['a copy that arrived', 'a remark\n{"event":"upload-done","key":"db.sql"}\n', null],
  [
    'one that was refused',
    '{"event":"upload-failed","code":"offsite-refused","message":"no"}\n',
    { code: 'offsite-refused', message: 'no' },
  ],
  [
    'a dump that never began',
    'service "app" is not running\n',
    { code: 'offsite-failed', message: 'service "app" is not running' },
  ],
  ['no word', '', { code: 'offsite-failed', message: 'nothing was said' }],
] as const)('%s is written down where the app looks', ([, said, failure]) => {
  using folders = temporaryFolders();
  const { status } = spawnSync(process.execPath, [join(import.meta.dirname, 'record.ts')], {
    env: { PATH: process.env['PATH'], BACKUP_DIR: folders.backups },
    input: said,
  });
  expect(status).toBe(0);
  const recorded = readStatus(folders.backups, 'offsite');
  expect(isFailing(recorded)).toBe(failure !== null);
  expect(recorded).toMatchObject(
    failure === null
      ? { lastSuccess: { file: 'db.sql' }, lastFailure: null }
      : { lastSuccess: null, lastFailure: failure },
  );
});
