import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { dir } from 'tmp-promise';
import { parse, parseDocument } from 'yaml';
import { test as base } from 'vitest';
import { LAYERS } from '../verdict/model.ts';
import { readConfig } from './config.ts';
import { writtenConfig } from './written-config.ts';

const test = base.extend('folder', async ({}, { onCleanup }) => {
  const made = await dir({ prefix: 'outlast-written-', unsafeCleanup: true });
  onCleanup(async () => made.cleanup());
  return made.path;
});

/** As it stands in the configuration. */
const entryOf = ({ id, kind, service, path }: Found['stores'][number]) => ({ id, kind, service, path });

type Found = Parameters<typeof writtenConfig>[0];
const ROWS = { id: 'app-rows', kind: 'sqlite', service: 'app', path: '/data/rows.db', layer: 'named-volume' } as const;
const CACHE = { id: 'db-data', kind: 'redis', service: 'db', path: '/var/lib/redis', layer: 'container' } as const;
const FOUND: Found = {
  name: 'shop',
  services: ['db', 'app', 'mailer'],
  mounts: [
    { service: 'app', layer: 'bind', source: './all', target: '/', readOnly: false },
    { service: 'app', layer: 'named-volume', source: 'rows', target: '/data', readOnly: false },
    { service: 'db', layer: 'named-volume', source: 'other', target: '/data', readOnly: false },
  ],
  stores: [ROWS, CACHE],
  schema: null,
};

test('what was found is written with what it means', ({ expect }) => {
  const [head, ...stores] = writtenConfig(FOUND).split(/(?<=\n) {2}(?=# [A-Z].*: )/);
  expect(head).toBe(`# Where the stack "shop" keeps its data, as Outlast found it while the stack ran.
# Correct what is wrong, and delete what nobody misses: what stands here is all that is watched.

stores:
`);
  expect(stores[0]).toBe(`# A SQLite database in a named volume, "rows": lost by down-volumes.
  # Only a store of kind \`http\`, through the app's own API, tells of the app's own durability.
  - id: app-rows
    kind: sqlite
    service: app
    path: /data/rows.db
`);
  expect(stores[1]).toMatch(
    /^# Redis or Valkey in the container's own layer: lost by recreate, rebuild, down-up, .*down-volumes\.\n {2}# The login /,
  );
});

test('is read again as it was, whatever the names are', async ({ expect }) => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('a\nb: c', "it's", '"$(x)"', '# no', '- x', '\r&a *a !b'),
  );
  const store = fc.record({
    id: fc.constant('id'),
    kind: fc.constantFrom('sqlite', 'files', 'git', 'postgres', 'mysql', 'redis'),
    service: text,
    path: text.map((name) => `/${name}`),
    layer: fc.constantFrom(...LAYERS),
  });
  const mount = fc.record({
    service: text,
    layer: fc.constant('bind' as const),
    source: fc.option(text),
    target: text,
    readOnly: fc.boolean(),
  });
  const found = fc.record({
    name: text,
    services: fc.array(text, { minLength: 1 }),
    mounts: fc.array(mount),
    stores: fc.array(store, { minLength: 1 }),
    schema: fc.constantFrom(null, './outlast.schema.json'),
  });
  fc.assert(
    fc.property(found, (each) => {
      const mounts = each.stores.flatMap(({ service, path: target }) =>
        each.mounts.map((one) => ({ ...one, service, target })),
      );
      expect(parse(writtenConfig({ ...each, mounts }))).toEqual({
        stores: each.stores.map(entryOf),
      });
    }),
  );
});

test('is a configuration, and so is each of its examples without the comment sign', async ({ folder, expect }) => {
  const text = writtenConfig(FOUND);
  const file = join(folder, 'outlast.yaml');
  await writeFile(file, text);
  expect((await readConfig(folder))?.stores).toEqual([ROWS, CACHE].map(entryOf));

  const footer = String(parseDocument(text).comment);
  const examples = footer
    .split(/\n \n/)
    .filter((part) => /^ \w+:\n/.test(part))
    .map((part) => part.replaceAll(/^ /gm, ''));
  await writeFile(file, [text, ...examples].join('\n'));
  expect(examples).toHaveLength(4);
  expect(await readConfig(folder)).toMatchObject({
    backup: { stores: ['app-rows'] },
    leave_out: ['mailer'],
    expect: [{ store: 'app-rows' }],
    limits: { timeout: 180 },
  });
});

test('the first line tells an editor where the schema is', ({ expect }) => {
  const schema = './node_modules/outlast/helpers/config/outlast.schema.json';
  expect(writtenConfig({ ...FOUND, schema }).split('\n')[0]).toBe(`# yaml-language-server: $schema=${schema}`);
  expect(writtenConfig(FOUND)).not.toContain('$schema');
});
