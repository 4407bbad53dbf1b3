import { expect, test } from 'vitest';
import { storesOf, type ServiceData } from './discover-stores.ts';

const data = (
  service: string,
  mounts: string[],
  found: Partial<ServiceData['found']> = {},
  written: string[] = [],
) => ({
  service,
  places: { mounts, written },
  found: { sqlite: [], git: [], servers: [], files: [], truncated: false, ...found },
  bytesAt: (path: string) => path.replace('/shared', '/srv'),
});
const told = (services: ServiceData[]) => storesOf(services).map(({ id, kind, path }) => `${id} ${kind} ${path}`);

test('a store for each mount, and for what is recognised in it', () => {
  const found = { sqlite: ['/data/app.db'], git: ['/data/repos/one', '/data/repos/two'] };
  expect(told([data('web', ['/data', '/up loads'], found)])).toEqual([
    'web-data files /data',
    'web-up-loads files /up loads',
    'web-app-db sqlite /data/app.db',
    'web-repos-git git /data/repos',
  ]);
});

test("a database in the container's own layer stands for its folder", () => {
  expect(told([data('web', [], { sqlite: ['/app/app.db'] }, ['/app', '/srv/files'])])).toEqual([
    'web-files files /srv/files',
    'web-app-db sqlite /app/app.db',
  ]);
});

test('a mount that is itself a database file, and names that meet', () => {
  expect(told([data('a', ['/x/data', '/y/data', '/one.db'], { sqlite: ['/one.db'] })])).toEqual([
    'a-data files /x/data',
    'a-data-2 files /y/data',
    'a-one-db sqlite /one.db',
  ]);
});

test('what two services share is told once', () => {
  const services = [
    data('a', ['/srv'], { sqlite: ['/srv/app.db'] }),
    data('b', ['/shared'], { sqlite: ['/shared/app.db'] }),
  ];
  expect(told(services)).toEqual(['a-srv files /srv', 'a-app-db sqlite /srv/app.db']);
});

test('a server is a store of its own kind, and its folder no other', () => {
  const postgres = { servers: [{ program: 'postgres' as const, folder: '/var/lib/postgresql/data' }] };
  expect(told([data('db', ['/var/lib/postgresql/data', '/backups'], postgres)])).toEqual([
    'db-backups files /backups',
    'db-data-postgres postgres /var/lib/postgresql/data',
  ]);
  // On the parent of where the data lies there is nothing of the server's.
  const valkey = { servers: [{ program: 'valkey-server' as const, folder: '/data' }] };
  expect(told([data('cache', [], valkey, ['/data'])])).toEqual(['cache-data-redis redis /data']);
  expect(told([data('pg', ['/var/lib/postgresql', '/var/lib/postgresql/data'], postgres)])).toEqual([
    'pg-postgresql files /var/lib/postgresql',
    'pg-data-postgres postgres /var/lib/postgresql/data',
  ]);
});
