import { expect, test } from 'vitest';
import { type Backup, backupName, expired, parseBackupName } from './retention.ts';

const DAY = 24 * 60 * 60 * 1000;
const now = Date.UTC(2026, 0, 31, 12);
const daysAgo = (days: number): Backup => {
  const takenAt = now - days * DAY;
  return { file: backupName(takenAt), takenAt };
};

test('a name carries its time, sorts by it, and is read back', () => {
  expect(backupName(now)).toBe('db-20260131T120000000Z.sqlite');
  expect(parseBackupName(backupName(now + 7))).toEqual({ file: backupName(now + 7), takenAt: now + 7 });
});

test.for(['db.sqlite', 'db-20260131T120000000Z.sqlite.partial', 'before-migration-1-to-2.sqlite', '.gitkeep'])(
  '%s is no backup of ours and is never pruned',
  (file) => expect(parseBackupName(file)).toBeNull(),
);

test('what is older than the days to keep goes, to the day', () => {
  const all = [daysAgo(0), daysAgo(6.99), daysAgo(7), daysAgo(7.01), daysAgo(30)];
  expect(expired(all, daysAgo(0), now, 7)).toEqual([daysAgo(7.01), daysAgo(30)]);
});

test('nothing goes when the new backup failed, however old the rest is', () => {
  expect(expired([daysAgo(8), daysAgo(30)], null, now, 7)).toEqual([]);
});

test('the verified one stays, even when the clock says that it is old', () => {
  expect(expired([daysAgo(8), daysAgo(30)], daysAgo(8), now, 7)).toEqual([daysAgo(30)]);
});
