import { describe, expect, test } from 'vitest';
import { diagnose, FIXES, refused, SYMPTOMS, symptomsIn, type Entry } from './permissions.ts';

const app = { uid: 1001, gid: 1001, groups: [1001, 50] };
const entry = (kind: Entry['kind'], uid: number, gid: number, mode: number): Entry => ({
  path: `/data/${kind}`,
  kind,
  uid,
  gid,
  mode,
});
const place = { service: 'app', path: '/data/db.sqlite', bind: './data', file: 'db.sqlite' };

describe('an entry refuses a writer', () => {
  test.for([
    ['his own', entry('file', 1001, 1001, 0o644), false],
    ['his own, read-only', entry('file', 1001, 1001, 0o444), true],
    ["another's", entry('file', 501, 501, 0o644), true],
    ["another's that everybody may write", entry('file', 501, 501, 0o666), false],
    ["another's that his group may write", entry('file', 501, 1001, 0o664), false],
    ["another's that his second group may write", entry('file', 501, 50, 0o664), false],
    ["another's folder", entry('folder', 501, 501, 0o755), true],
    ['a folder that he may write and not enter', entry('folder', 1001, 1001, 0o600), true],
    ["another's folder that everybody may write", entry('folder', 501, 501, 0o777), false],
    ['his own, which only others may write', entry('file', 1001, 1001, 0o466), true],
  ] as const)('%s: %s', ([, found, refuses]) => {
    expect(refused([found], app)).toEqual(refuses ? [found] : []);
  });

  test('but never root', () => {
    expect(refused([entry('file', 501, 501, 0o400)], { uid: 0, gid: 0, groups: [] })).toEqual([]);
  });
});

describe('a diagnosis', () => {
  test('tells the owner, the one who needs it, and the cures, the loose one as such', () => {
    const lines = diagnose([entry('folder', 501, 20, 0o755)], app, place);
    expect(lines[0]).toBe('app runs as 1001:1001; /data/folder is 501:20, mode 755');
    expect(lines[1]).toMatch(/^cure: sudo chown -R 1001:1001 \.\/data \(/);
    expect(lines[2]).toMatch(
      /^loose cure: chmod 777 \.\/data && chmod 666 \.\/data\/db\.sqlite \(.*-wal and -shm, is missed\)$/,
    );
  });

  test('on a volume names a command that reaches it, and no loose one', () => {
    const lines = diagnose([entry('folder', 501, 20, 0o755)], app, { ...place, bind: null });
    expect(lines).toHaveLength(2);
    expect(lines[1]).toContain('docker compose run --rm --no-deps --user 0:0 --entrypoint chown app -R 1001:1001');
  });

  test('is silent when no owner is the trouble', () => {
    expect(diagnose([entry('folder', 1001, 1001, 0o755)], app, place)).toEqual([]);
  });

  test('counts what it does not list', () => {
    const many = Array.from({ length: 7 }, () => entry('file', 501, 501, 0o644));
    expect(diagnose(many, app, place)[0]).toMatch(/ and 2 more$/);
  });
});

test('the right cure comes first, and every loose one after it', () => {
  expect(FIXES.map(({ id, loose }) => [id, loose])).toEqual([
    ['chown', false],
    ['chmod', true],
  ]);
});

test.for(SYMPTOMS)('"$says" is found in a log', ({ says, cause }) => {
  expect(symptomsIn(`ready\nError: ${says.toUpperCase()}\nbye`)).toEqual([
    `the service says: Error: ${says.toUpperCase()} (${cause})`,
  ]);
});

test('a log without a symptom says nothing', () => {
  expect(symptomsIn('ready\nlistening')).toEqual([]);
});
