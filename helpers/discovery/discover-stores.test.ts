import { expect, test } from 'vitest';
import { storesOf, type ServiceData } from './discover-stores.ts';

type Found = Omit<ServiceData['found'], 'sqlite'> & { sqlite: string[]; idle: string[] };

/** Databases are open but for those that are `idle`. */
const data = (
  service: string,
  mounts: string[],
  { sqlite = [], idle = [], ...found }: Partial<Found> = {},
  written: string[] = [],
) => ({
  service,
  places: { mounts, written },
  found: {
    sqlite: [...sqlite, ...idle].map((path) => ({ path, open: sqlite.includes(path) })),
    git: [],
    servers: [],
    files: [],
    truncated: false,
    ...found,
  },
  bytesAt: (path: string) => path.replace('/shared', '/srv'),
});
const told = (services: ServiceData[]) =>
  storesOf(services).stores.map(({ id, kind, path }) => `${id} ${kind} ${path}`);

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

test.for([
  ['in a folder of backups', '/data/backups/app.sqlite'],
  ['with a word for a copy', '/data/app.bak'],
  ['with a date', '/data/app-2026-01-31.db'],
  ['with the name of an open one', '/nightly/app.db'],
] as const)('a closed database %s looks like a backup', ([, path]) => {
  const found = storesOf([data('web', ['/data', '/nightly'], { sqlite: ['/data/app.db'], idle: [path] })]);
  expect(found.stores.filter(({ kind }) => kind === 'sqlite').map((store) => store.path)).toEqual(['/data/app.db']);
  expect(found.backups).toEqual([{ service: 'web', path }]);
});

test.for([
  ['that is open', { sqlite: ['/data/backups/app.db'] }],
  ['that nobody has open, with a name of its own', { idle: ['/data/app.db'] }],
  ['that nobody has open, and a tenant beside it', { sqlite: ['/data/one.db'], idle: ['/data/bold.db'] }],
] as const)('a database %s is none', ([, found]) => {
  const sqlite = 'sqlite' in found ? found.sqlite : [];
  const idle = 'idle' in found ? found.idle : [];
  expect(storesOf([data('web', ['/data'], { sqlite: [...sqlite], idle: [...idle] })])).toMatchObject({
    stores: [{ kind: 'files' }, ...[...sqlite, ...idle].map((path) => ({ kind: 'sqlite', path }))],
    backups: [],
  });
});

test('where not every process can be looked into, nothing looks like a backup', () => {
  const service = data('web', ['/data']);
  const found = { ...service.found, sqlite: [{ path: '/data/backups/app.db', open: null }] };
  expect(storesOf([{ ...service, found }]).backups).toEqual([]);
});

test('a database is told at the service that has it open', () => {
  const services = [
    data('a-backup', ['/srv'], { idle: ['/srv/backup.db'] }),
    data('web', ['/shared'], { sqlite: ['/shared/backup.db'] }),
  ];
  expect(storesOf(services).backups).toEqual([]);
  expect(told(services)).toEqual(['a-backup-srv files /srv', 'web-backup-db sqlite /shared/backup.db']);
});

test('what is open for writing in no place that is known is data all the same', () => {
  expect(told([data('web', [], { sqlite: ['/srv/baked.db', '/tmp/scratch.db'] })])).toEqual([
    'web-baked-db sqlite /srv/baked.db',
  ]);
});
