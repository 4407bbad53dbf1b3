import { describe, expect, test } from 'vitest';
import { compareOwn, shrunk, type OwnGroup, type OwnVerdict } from './own-data.ts';

const table = (name: string, rows: Readonly<Record<string, string>>): OwnGroup => ({
  name: `table ${name}`,
  unit: 'rows',
  count: Object.keys(rows).length,
  entries: Object.entries(rows),
});
const counted = (name: string, count: number): OwnGroup => ({
  name: `table ${name}`,
  unit: 'rows',
  count,
  entries: null,
});
const files = (...paths: (readonly [string, string])[]): OwnGroup => ({
  name: 'folder uploads',
  unit: 'files',
  count: paths.length,
  entries: paths,
});
const users = table('users', { 1: 'ann', 2: 'bob', 3: 'cy' });

interface Case {
  readonly name: string;
  readonly before: readonly OwnGroup[];
  readonly after: readonly OwnGroup[] | null;
  readonly fickle?: readonly string[];
  readonly verdict: OwnVerdict;
  readonly gone: number | null;
  readonly says?: string;
}

const CASES: readonly Case[] = [
  { name: 'all as it was', before: [users], after: [users], verdict: 'kept', gone: 0 },
  { name: 'nothing was there', before: [], after: [users], verdict: 'kept', gone: 0 },
  {
    name: 'more than before',
    before: [users],
    after: [table('users', { 1: 'ann', 2: 'bob', 3: 'cy', 4: 'di' }), table('posts', { 1: '' })],
    verdict: 'kept',
    gone: 0,
  },
  {
    name: 'a row updated',
    before: [users],
    after: [table('users', { 1: 'ANN', 2: 'bob', 3: 'cy' })],
    verdict: 'kept',
    gone: 0,
  },
  {
    name: 'every row updated',
    before: [users],
    after: [table('users', { 1: 'x', 2: 'y', 3: 'z' })],
    verdict: 'kept',
    gone: 0,
    says: 'all 3 rows of table users hold something else than before',
  },
  {
    name: 'a table that is gone',
    before: [users],
    after: [],
    verdict: 'lost',
    gone: 3,
    says: 'all 3 rows of table users are gone',
  },
  {
    name: 'a table that was emptied',
    before: [users],
    after: [table('users', {})],
    verdict: 'lost',
    gone: 3,
  },
  {
    name: 'a table that was seeded anew',
    before: [users],
    after: [table('users', { 4: 'ann at 2', 5: 'bob at 2' })],
    verdict: 'lost',
    gone: 3,
    says: 'there are 2 others',
  },
  {
    name: 'fewer rows, seeded anew under the same keys',
    before: [users],
    after: [table('users', { 1: 'ann at 2' })],
    verdict: 'lost',
    gone: 2,
    says: '2 of 3 rows of table users are gone, and the others hold something else than before',
  },
  {
    name: 'a file gone, and the others written anew',
    before: [files(['a', 'inode 1'], ['b', 'inode 2'])],
    after: [files(['b', 'inode 3'])],
    verdict: 'unknown',
    gone: 1,
  },
  {
    name: 'some rows missing',
    before: [users],
    after: [table('users', { 1: 'ann' })],
    verdict: 'unknown',
    gone: 2,
    says: '2 of 3 rows of table users are gone',
  },
  {
    name: 'the only row gone',
    before: [table('users', { 1: 'ann' })],
    after: [table('users', {})],
    verdict: 'lost',
    gone: 1,
  },
  {
    name: 'the only row replaced, as a process that runs leaves it',
    before: [table('instances', { a: 'x' })],
    after: [table('instances', { b: 'y' })],
    verdict: 'unknown',
    gone: 1,
  },
  {
    name: 'some rows missing beside a table that is gone',
    before: [users, table('posts', { 1: '', 2: '' })],
    after: [table('posts', { 1: '' })],
    verdict: 'lost',
    gone: 4,
  },
  {
    name: 'fewer, with nothing to tell them apart',
    before: [counted('t', 9)],
    after: [counted('t', 8)],
    verdict: 'unknown',
    gone: 1,
  },
  { name: 'none of many', before: [counted('t', 9000)], after: [counted('t', 0)], verdict: 'lost', gone: 9000 },
  {
    name: 'grown beyond what is looked at',
    before: [users],
    after: [counted('users', 9000)],
    verdict: 'kept',
    gone: 0,
  },
  {
    name: 'a table that loses rows anyhow',
    before: [users],
    after: [],
    fickle: ['table users'],
    verdict: 'kept',
    gone: 3,
    says: 'it has lost some while nothing happened',
  },
  ...['user_sessions', 'GoodJobProcesses', 'locks', 'cache'].map((name) => ({
    name: `${name}, which come and go`,
    before: [table(name, { 1: 'a', 2: 'b' })],
    after: [table(name, {})],
    verdict: 'kept' as const,
    gone: 2,
    says: 'comes and goes',
  })),
  ...['blocks', 'processed', 'jobless', 'clocks'].map((name) => ({
    name: `${name}, which only look like it`,
    before: [table(name, { 1: 'a', 2: 'b' })],
    after: [table(name, {})],
    verdict: 'lost' as const,
    gone: 2,
  })),
  {
    name: 'a file that was moved',
    before: [files(['a', 'inode 1'], ['b', 'inode 2'])],
    after: [{ ...files(['old/a', 'inode 1']), name: 'folder old' }, files(['b', 'inode 2'])],
    verdict: 'kept',
    gone: 0,
  },
  {
    name: 'a file that is gone',
    before: [files(['a', 'inode 1'], ['b', 'inode 2'])],
    after: [files(['b', 'inode 2'])],
    verdict: 'unknown',
    gone: 1,
    says: '(a)',
  },
  {
    name: 'contents that were not looked at',
    before: [files(['a', ''], ['b', ''])],
    after: [files(['c', ''], ['d', ''])],
    verdict: 'lost',
    gone: 2,
  },
  { name: 'nobody could look', before: [users], after: null, verdict: 'unknown', gone: null, says: 'could not' },
];

describe('compareOwn', () => {
  test.for(CASES)('$name: $verdict', ({ before, after, fickle = [], verdict, gone, says = '' }) => {
    const own = compareOwn(before, after, new Set(fickle));
    expect(own).toMatchObject({ verdict, gone });
    expect(own.notes.join('\n')).toContain(says);
  });

  test('counts what holds something else', () => {
    const after = [table('users', { 1: 'ANN', 2: 'BOB', 3: 'cy' })];
    expect(compareOwn([users], after, new Set())).toMatchObject({ before: 3, gone: 0, rewritten: 2 });
  });
});

test('shrunk names what has lost entries', () => {
  expect(shrunk([users, counted('t', 3)], [table('users', { 1: '' }), counted('t', 4)])).toEqual(['table users']);
});
