import { describe, expect, test } from 'vitest';
import { sqlitePaths } from './data-places.ts';

describe('the paths that a value may mean', () => {
  test.for([
    ['sqlite:////data/app.db', ['/data/app.db']],
    ['sqlite:///data/app.db', ['/data/app.db', '/srv/data/app.db']],
    ['sqlite://app.db', ['/srv/app.db']],
    ['sqlite:app.db?mode=rwc', ['/srv/app.db']],
    ['sqlite+aiosqlite:////data/app.db', ['/data/app.db']],
    ['file:/data/app.db', ['/data/app.db']],
    ['file:./dev.db', ['/srv/dev.db', '/srv/prisma/dev.db']],
    ['/data/app.sqlite3', ['/data/app.sqlite3']],
    ['data/app.db', ['/srv/data/app.db']],
    ['sqlite::memory:', []],
    ['postgres://db/app.db', []],
    ['production', []],
  ] as const)('%s', ([value, paths]) => {
    expect(sqlitePaths(value, '/srv')).toEqual(paths);
  });

  test('a relative one means nothing where the working directory is not known', () => {
    expect(sqlitePaths('data/app.db', null)).toEqual([]);
  });
});
