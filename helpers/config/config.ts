import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { OutlastError } from '../errors.ts';
import type { StoreDefinition } from '../stores/store.ts';
import { backup, backupFileFault } from './backup.ts';
import { gate, storesNamedBy } from './gate.ts';

const id = z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'letters, digits and dashes, in lower case');
const place = {
  id,
  service: z.string().min(1),
  path: z.string().startsWith('/', 'an absolute path inside the service'),
};

const argv = z.array(z.string()).min(1, 'a list of a program and its arguments');

function server<K extends 'postgres' | 'mysql' | 'redis'>(kind: K, protocol: RegExp) {
  const database = kind === 'redis' ? z.union([z.int().min(0), z.string().regex(/^\d+$/)]) : z.string().min(1);
  return z
    .strictObject({
      ...place,
      kind: z.literal(kind),
      url: z.url({ protocol, error: `an URL of ${kind}` }).optional(),
      user: z.string().min(1).optional(),
      password: z.string().optional(),
      database: database.transform(String).optional(),
    })
    .refine(
      ({ url, user, password, database: name }) => url === undefined || (user ?? password ?? name) === undefined,
      {
        error: 'either an url, or user, password and database',
      },
    );
}

const store = z.discriminatedUnion('kind', [
  z.strictObject({ ...place, kind: z.literal('sqlite') }),
  z.strictObject({ ...place, kind: z.literal('files') }),
  z.strictObject({ ...place, kind: z.literal('git') }),
  z.strictObject({
    ...place,
    kind: z.literal('http'),
    url: z.url(),
    write: z.record(z.string(), z.unknown()),
    read: z.strictObject({ id: z.string(), payload: z.string() }),
  }),
  server('postgres', /^postgres(ql)?$/),
  server('mysql', /^mysql$/),
  server('redis', /^rediss?$/),
  z.strictObject({
    ...place,
    kind: z.literal('command'),
    write: argv,
    read: argv,
    integrity: argv.optional(),
  }),
]) satisfies z.ZodType<StoreDefinition>;

const schema = z
  .strictObject({ stores: z.array(store).min(1), backup: backup.optional(), gate: gate.optional() })
  .check(({ value, issues }) => {
    const ids = value.stores.map((entry) => entry.id);
    value.stores.forEach((entry, index) => {
      if (ids.indexOf(entry.id) < index)
        issues.push(issue(['stores', index, 'id'], `the id "${entry.id}" stands there twice`));
    });
    const named = [
      ...(value.backup?.stores ?? []).map((name, index) => ({ path: ['backup', 'stores', index], name })),
      ...(value.gate ? storesNamedBy(value.gate) : []).map(({ path, name }) => ({ path: ['gate', ...path], name })),
    ];
    for (const { path, name } of named)
      if (!ids.includes(name)) issues.push(issue(path, `"${name}" is none of the stores ${ids.join(', ')}`));
  });

function issue(path: readonly (string | number)[], message: string) {
  return { code: 'custom' as const, path: [...path], message, input: undefined };
}

/** What `outlast.yaml` says: only what cannot be known otherwise. */
type Config = z.infer<typeof schema>;

/** A configuration, and a way to say what else is wrong with it. */
export interface ConfigFile extends Config {
  /** CONFIG_INVALID with file and line of the node at `path`. */
  fault(path: readonly (string | number)[], message: string): OutlastError;
}

const CONFIG_FILE = 'outlast.yaml';

/**
 * Reads `outlast.yaml`. Nothing in it is executed.
 * @param file the file to read, or `undefined` for the one in `folder`, which may be absent (then `null`).
 * @throws OutlastError CONFIG_INVALID with file and line.
 */
export async function readConfig(folder: string, file?: string): Promise<ConfigFile | null> {
  const path = file ?? join(folder, CONFIG_FILE);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (file === undefined && (cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new OutlastError('CONFIG_INVALID', `${path} cannot be read.`, { cause });
  }
  const config = parseConfig(text, path);
  if (config.backup?.file !== undefined) {
    config.backup.file = resolve(dirname(path), config.backup.file);
    const fault = await backupFileFault(config.backup.file);
    if (fault !== null) throw config.fault(['backup', 'file'], fault);
  }
  return config;
}

/** @throws OutlastError CONFIG_INVALID with file and line. */
function parseConfig(text: string, path: string): ConfigFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const at = (offset: number): string => `${path}:${lines.linePos(offset).line}`;
  const syntax = document.errors[0];
  if (syntax) throw new OutlastError('CONFIG_INVALID', `${at(syntax.pos[0])}: ${syntax.message.split('\n')[0]}`);

  const describe = (keys: readonly PropertyKey[], message: string): string => {
    // The node that is at fault, or the nearest one above it that the file has.
    for (let depth = keys.length; depth >= 0; depth--) {
      const node = document.getIn(keys.slice(0, depth), true) as { range?: [number, number, number] } | undefined;
      if (node?.range) return `${at(node.range[0])}: ${keys.length > 0 ? `${keys.join('.')}: ` : ''}${message}`;
    }
    return `${path}:1: ${message}`;
  };
  const result = schema.safeParse(document.toJS());
  if (!result.success) {
    const where = result.error.issues.map((found) => describe(found.path, found.message));
    throw new OutlastError('CONFIG_INVALID', where[0] ?? path, { detail: where.slice(1).join('\n') || undefined });
  }
  return {
    ...result.data,
    fault: (keys, message) => new OutlastError('CONFIG_INVALID', describe(keys, message)),
  };
}
