import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dir } from 'tmp-promise';
import { describe } from 'vitest';
import { outlast } from '../fixtures/cli.ts';
import { test as base } from '../fixtures/outlast.ts';
import { bringServers, stackFolder } from '../fixtures/stacks.ts';
import { DISRUPTIONS } from '../helpers/disruptions/catalogue.ts';
import type { Report } from '../reports/model.ts';

/** Runs a stack from a fresh folder that has no configuration. Images that no registry has are those of the suites' own engine. */
const test = base.extend('unconfigured', async ({ host, signal }, { onCleanup }) => {
  const folder = await dir({ prefix: 'outlast-any-', unsafeCleanup: true });
  onCleanup(async () => folder.cleanup());
  return async (stack: string, ...args: string[]) => {
    const place = join(folder.path, 'their-stack');
    await cp(stackFolder(stack), place, { recursive: true, filter: (path) => !path.endsWith('outlast.yaml') });
    await bringServers(host, { folder: place }, signal);
    const env = { DOCKER_HOST: host.dockerHost };
    const { exitCode, stderr } = await outlast(['run', ...args], { cwd: place, env, signal });
    const text = await readFile(join(place, 'outlast-report/report.json'), 'utf8').catch(() => {
      throw new Error(stderr);
    });
    const report = JSON.parse(text) as Report;
    return {
      exitCode,
      report,
      stores: report.stores.map(({ id, kind, path, layer }) => `${id}: ${kind} ${path} ${layer}`).toSorted(),
      outcomes: Object.fromEntries(report.cells.map(({ store, outcome }) => [store, outcome])),
      own: Object.fromEntries(report.cells.map(({ store, own }) => [store, own?.verdict ?? null])),
      errors: report.findings.filter(({ severity }) => severity === 'error').map(({ rule }) => rule),
      rules: report.findings.map(({ rule, path }) => (path === null ? rule : `${rule} ${path}`)),
    };
  };
});

describe('a sound stack, with nothing configured', () => {
  test('the reference stack: a database, folders and repositories', async ({ unconfigured, expect }) => {
    const { exitCode, stores, outcomes, own, errors } = await unconfigured('../compose', '--only', 'down-up');
    expect(stores).toEqual([
      'app-backups: files /backups bind',
      'app-db-sqlite: sqlite /app/dev_assets/db.sqlite bind',
      'app-dev-assets: files /app/dev_assets bind',
      'app-repos: files /repos named-volume',
    ]);
    expect(new Set(Object.values(outcomes))).toEqual(new Set(['survived']));
    expect(own).toMatchObject({ 'app-db-sqlite': 'kept', 'app-dev-assets': 'kept' });
    expect(errors).toEqual([]);
    expect(exitCode).toBe(0);
  });

  test('a web app on PostgreSQL and Redis', async ({ unconfigured, expect }) => {
    const { exitCode, stores, outcomes, own, errors } = await unconfigured('./sound/web-app', '--only', 'down-up');
    expect(stores).toEqual([
      'cache-data-redis: redis /data named-volume',
      'db-data-postgres: postgres /var/lib/postgresql/data named-volume',
    ]);
    expect(outcomes).toEqual({ 'cache-data-redis': 'survived', 'db-data-postgres': 'survived' });
    expect(own).toEqual({ 'cache-data-redis': 'kept', 'db-data-postgres': 'kept' });
    expect(errors).toEqual([]);
    expect(exitCode).toBe(0);
  });
});

interface Fault {
  readonly stack: string;
  readonly args: readonly string[];
  readonly outcomes: Readonly<Record<string, string>>;
  readonly finding: string;
}

const FAULTS: readonly Fault[] = [
  {
    stack: 'wrong-path',
    args: ['--only', 'recreate'],
    outcomes: { 'app-data': 'survived', 'app-app-db': 'lost' },
    finding: 'database-outside-mount /app/data/app.db',
  },
  {
    stack: 'image-volume',
    args: ['--only', 'down-up'],
    outcomes: { 'app-data': 'hidden' },
    finding: 'anonymous-volume /data',
  },
  {
    stack: 'parent-of-volume',
    args: ['--only', 'down-up'],
    outcomes: { 'app-srv': 'survived', 'app-data': 'hidden' },
    finding: 'mount-above-volume /srv/data',
  },
  {
    stack: 'tmpfs',
    args: ['--only', 'restart'],
    outcomes: { 'app-data': 'lost', 'app-app-db': 'lost' },
    finding: 'tmpfs-data /data/app.db',
  },
  {
    stack: 'no-restart-policy',
    args: ['--only', 'reboot'],
    outcomes: { 'app-data': 'unavailable' },
    finding: 'no-restart-policy',
  },
  {
    stack: 'unnamed-project',
    // Of what `--strict` adds, only this is about a name.
    args: [
      '--strict',
      '--skip',
      DISRUPTIONS.map(({ id }) => id)
        .filter((id) => id !== 'move-project')
        .join(','),
    ],
    outcomes: { 'app-data': 'hidden', 'app-beside': 'survived', 'app-outside': 'survived', 'app-fixed': 'survived' },
    finding: 'unnamed-project',
  },
];

describe('a stack with one fault, with nothing configured', () => {
  test.for(FAULTS)('$stack', async ({ stack, args, outcomes, finding }, { unconfigured, expect }) => {
    const seen = await unconfigured(`./broken/${stack}`, ...args);
    expect(seen.outcomes).toEqual(outcomes);
    expect(seen.rules).toContain(finding);
    expect(seen.exitCode).toBe(1);
  });
});

test('every layer is found, and a copy of a database is told from one', async ({ unconfigured, expect }) => {
  const { exitCode, stores, rules } = await unconfigured('./broken/every-layer', '--only', 'recreate');
  expect(stores).toEqual([
    'app-anonymous: files /anonymous anonymous-volume',
    'app-bind: files /bind bind',
    'app-by-the-image: files /by-the-image anonymous-volume',
    'app-catalogue-db: sqlite /image/catalogue.db image',
    'app-container: files /container container',
    'app-memory: files /memory tmpfs',
    'app-named: files /named named-volume',
    'app-orders-db: sqlite /named/orders.db named-volume',
  ]);
  expect(rules).toContain('looks-like-backup /named/backups/orders.db');
  expect(exitCode).toBe(1);
});
