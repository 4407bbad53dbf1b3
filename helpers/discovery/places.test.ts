import { expect, test } from 'vitest';
import { candidatesOf, type Change, shortest } from './places.ts';

type Container = Parameters<typeof candidatesOf>[0];

const mount = (Type: string, Destination: string, RW = true) => ({ Type, Destination, RW });
const container = (mounts: object[] = [], tmpfs: string[] = []): Container =>
  ({ Mounts: mounts, HostConfig: { Tmpfs: Object.fromEntries(tmpfs.map((path) => [path, ''])) } }) as Container;
const added = (...paths: string[]): Change[] => paths.map((Path) => ({ Path, Kind: 1 }));
const changed = (...paths: string[]): Change[] => paths.map((Path) => ({ Path, Kind: 0 }));

test('mounts that can be written, but for the toolbox and what is volatile by its place', () => {
  const mounts = [mount('volume', '/data'), mount('bind', '/conf', false), mount('bind', '/.box', false)];
  expect(candidatesOf(container([...mounts, mount('tmpfs', '/scratch')], ['/run', '/db']), [], '/.box').mounts).toEqual(
    ['/data', '/db', '/scratch'],
  );
});

test.for([
  ['a new folder', [...changed('/app'), ...added('/app/data', '/app/data/db', '/app/data/db/x')], ['/app/data']],
  ['a new file in a folder of the image', [...changed('/app'), ...added('/app/app.db')], ['/app']],
  [
    'files in two new folders of one',
    [...changed('/srv'), ...added('/srv/a', '/srv/a/1', '/srv/b', '/srv/b/2')],
    ['/srv/a', '/srv/b'],
  ],
  ['below a mount', added('/data/x'), []],
  ['the way to a mount', added('/data'), []],
  [
    'a cache, a log, a pid file, a hidden folder',
    added('/var/cache/x', '/app/.next/y', '/var/log/z', '/app/app.pid'),
    [],
  ],
  ['what the system keeps', added('/etc/hosts2', '/usr/share/x'), []],
  ['what was changed or removed alone', [...changed('/app/server.js'), { Path: '/app/old', Kind: 2 }], []],
] as const)('written outside of mounts: %s', ([, changes, written]) => {
  const { added: candidates } = candidatesOf(container([mount('volume', '/data')]), changes, '/.box');
  expect(shortest([...candidates.values()])).toEqual(written);
});
