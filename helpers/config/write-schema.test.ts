import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { describe, expect, test } from 'vitest';
import { SCHEMA_FILE, schemaText } from './write-schema.ts';

interface Node {
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly oneOf?: readonly Node[];
  readonly anyOf?: readonly Node[];
  readonly description?: string;
}

const committed = JSON.parse(readFileSync(SCHEMA_FILE, 'utf8')) as Node & object;
const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

/** Paths of keys that an editor would have nothing to say of. */
function undescribed({ properties = {}, items, oneOf = [], anyOf = [] }: Node, path = ''): string[] {
  const keys = Object.entries(properties).flatMap(([key, node]) => [
    ...(node.description === undefined ? [`${path}${key}`] : []),
    ...undescribed(node, `${path}${key}.`),
  ]);
  return [...keys, ...[...(items ? [items] : []), ...oneOf, ...anyOf].flatMap((node) => undescribed(node, path))];
}

describe('the published schema of the configuration', () => {
  test('is what the code reads', () => {
    expect(committed, 'run `npm run schema`').toEqual(JSON.parse(schemaText()));
  });

  test('describes every key', () => {
    expect(Object.keys(committed.properties ?? {})).toContain('stores');
    expect(undescribed(committed)).toEqual([]);
  });

  test('is among what the package exports and holds', () => {
    const { exports, files } = JSON.parse(read('../../package.json')) as {
      exports: Record<string, string>;
      files: string[];
    };
    const file = 'helpers/config/outlast.schema.json';
    expect([exports['./outlast.schema.json'], files.includes(file)]).toEqual([`./${file}`, true]);
  });

  const validate = new Ajv({ strict: false, validateFormats: false }).compile(committed);

  test('accepts the configuration of the reference stack', () => {
    validate(parse(read('../../compose/outlast.yaml')));
    expect(validate.errors).toBeNull();
  });

  test.for([
    ['an unknown key', { store: [] }],
    ['an unknown key of a store', { stores: [{ id: 'a', kind: 'files', service: 'a', path: '/a', url: 'x' }] }],
    ['a kind that is none', { stores: [{ id: 'a', kind: 'mongo', service: 'a', path: '/a' }] }],
    ['a relative path', { stores: [{ id: 'a', kind: 'files', service: 'a', path: 'a' }] }],
    ['an outcome that nobody has seen', { expect: [{ store: 'a', outcomes: ['unknown'], reason: 'r' }] }],
    ['a size that is none', { limits: { copy: '20' } }],
  ] as const)('refuses %s', ([, config]) => {
    expect(validate(config)).toBe(false);
  });
});
