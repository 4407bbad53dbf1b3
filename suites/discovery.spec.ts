import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dir } from 'tmp-promise';
import { describe, test as base } from 'vitest';
import { outlast } from '../fixtures/cli.ts';
import { type StackName, STACKS } from '../fixtures/stacks.ts';
import type { CellRecord, StoreRecord } from '../helpers/scenario/record.ts';

interface Shown {
  readonly stores: readonly StoreRecord[];
  readonly cells: readonly CellRecord[];
}

/** Runs a stack from a fresh folder that has no configuration. */
const test = base.extend('unconfigured', async ({ signal }, { onCleanup }) => {
  const folder = await dir({ prefix: 'outlast-discovery-', unsafeCleanup: true });
  onCleanup(async () => folder.cleanup());
  return async (name: StackName, disruption: string) => {
    const place = join(folder.path, name);
    await cp(STACKS[name], place, { recursive: true, filter: (path) => !path.endsWith('outlast.yaml') });
    const { exitCode, stderr } = await outlast(['run', '--only', disruption], { cwd: place, signal });
    const report = await readFile(join(place, 'outlast-report/report.json'), 'utf8').catch(() => stderr);
    const { stores, cells }: Shown = JSON.parse(report);
    return {
      exitCode,
      stores: stores.map(({ id, kind, path, layer }) => `${id}: ${kind} ${path} ${layer}`).toSorted(),
      outcomes: Object.fromEntries(cells.map(({ store, outcome }) => [store, outcome])),
    };
  };
});

describe('discovery, with nothing configured', () => {
  test('the reference stack: database, folders and repositories', async ({ unconfigured, expect }) => {
    const { exitCode, stores, outcomes } = await unconfigured('reference', 'down-up');
    // The backup service may have made its first one already.
    expect(stores.filter((store) => !store.includes(' /backups/'))).toEqual([
      'app-backups: files /backups bind',
      'app-db-sqlite: sqlite /app/dev_assets/db.sqlite bind',
      'app-dev-assets: files /app/dev_assets bind',
      'app-repos: files /repos named-volume',
    ]);
    expect(new Set(Object.values(outcomes))).toEqual(new Set(['survived']));
    expect(exitCode).toBe(0);
  });

  test.for([
    ['container-layer', 'container', 'lost'],
    ['anonymous-volume', 'anonymous-volume', 'hidden'],
    ['tmpfs', 'tmpfs', 'lost'],
  ] as const)(
    "%s: the app's data is found, and found missing",
    async ([name, layer, outcome], { unconfigured, expect }) => {
      const { exitCode, stores, outcomes } = await unconfigured(name, 'down-up');
      expect(stores).toEqual([expect.stringMatching(new RegExp(` ${layer}$`))]);
      expect(Object.values(outcomes)).toEqual([outcome]);
      expect(exitCode).toBe(1);
    },
  );
});
