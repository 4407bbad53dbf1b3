import { posix } from 'node:path';
import { z } from 'zod';
import type { StoreDefinition } from '../stores/store.ts';

const place = {
  id: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]*$/, 'letters, digits and dashes, in lower case')
    .describe('What the store is called in the report.'),
  service: z.string().min(1).describe('The service that keeps the data.'),
  path: z
    .string()
    .regex(/^\//, 'an absolute path inside the service')
    .refine((path) => !path.split('/').includes('..') && !path.includes('\0'), 'a path without `..`')
    .transform((path) => posix.resolve(path))
    .describe('Where the data lies inside the service. It decides the layer.'),
};

const argv = z.array(z.string()).min(1, 'a list of a program and its arguments');

function kind<K extends StoreDefinition['kind']>(name: K, what: string) {
  return z.literal(name).describe(what);
}

function server<K extends 'postgres' | 'mysql' | 'redis'>(name: K, protocol: RegExp, what: string) {
  const database = name === 'redis' ? z.union([z.int().min(0), z.string().regex(/^\d+$/)]) : z.string().min(1);
  return z
    .strictObject({
      ...place,
      kind: kind(name, what),
      url: z
        .url({ protocol, error: `an URL of ${name}` })
        .optional()
        .describe('In the place of user, password and database; reached from inside the service.'),
      user: z.string().min(1).optional().describe("Who logs in. Without it: whom the container's environment names."),
      password: z.string().optional().describe("Without it: that of the container's environment."),
      database: database
        .transform(String)
        .optional()
        .describe(name === 'redis' ? 'The number of the database.' : 'Where the markers go.'),
    })
    .refine(
      ({ url, user, password, database: named }) => url === undefined || (user ?? password ?? named) === undefined,
      'either an url, or user, password and database',
    );
}

const store = z.discriminatedUnion('kind', [
  z.strictObject({ ...place, kind: kind('sqlite', 'A SQLite database: `path` is its file.') }),
  z.strictObject({ ...place, kind: kind('files', 'A folder of files.') }),
  z.strictObject({ ...place, kind: kind('git', 'A git repository, or a folder of them.') }),
  z.strictObject({
    ...place,
    kind: kind('http', "Rows written and read through the app's own API."),
    url: z.url().describe('POST creates a row here, GET lists all as a JSON array. Reached from inside the service.'),
    write: z
      .record(z.string(), z.unknown())
      .describe('The JSON body of the POST; `{id}` and `{payload}` are replaced in its strings.'),
    read: z
      .strictObject({
        id: z.string().describe('The key of the id.'),
        payload: z.string().describe('The key of the payload.'),
      })
      .describe('Which keys of a listed row hold id and payload.'),
  }),
  server('postgres', /^postgres(ql)?$/, 'PostgreSQL.'),
  server('mysql', /^mysql$/, 'MySQL or MariaDB.'),
  server('redis', /^rediss?$/, 'Redis or Valkey.'),
  z.strictObject({
    ...place,
    kind: kind('command', 'Anything else, by commands of the image. No shell reads them.'),
    write: argv.describe(
      'Writes the row OUTLAST_ID with OUTLAST_PAYLOAD; exits 0 when it is durable, 75 when refused.',
    ),
    read: argv.describe('Prints every row as a line of JSON with `id` and `payload`.'),
    integrity: argv.optional().describe('Exits 0 when all is well.'),
  }),
]) satisfies z.ZodType<StoreDefinition>;

export const stores = z.array(store).min(1);
