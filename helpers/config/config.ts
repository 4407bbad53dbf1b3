import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { OutlastError } from '../errors.ts';
import type { StoreDefinition } from '../stores/store.ts';

const id = z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'letters, digits and dashes, in lower case');
const place = {
  id,
  service: z.string().min(1),
  path: z.string().startsWith('/', 'an absolute path inside the service'),
};

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
]) satisfies z.ZodType<StoreDefinition>;

const schema = z.strictObject({ stores: z.array(store).min(1) });

/** What `outlast.yaml` says: only what cannot be known otherwise. */
export type Config = z.infer<typeof schema>;

const CONFIG_FILE = 'outlast.yaml';

/**
 * Reads `outlast.yaml`. Nothing in it is executed.
 * @param file the file to read, or `undefined` for the one in `folder`, which may be absent (then `null`).
 * @throws OutlastError CONFIG_INVALID with file and line.
 */
export async function readConfig(folder: string, file?: string): Promise<Config | null> {
  const path = file ?? join(folder, CONFIG_FILE);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (file === undefined && (cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new OutlastError('CONFIG_INVALID', `${path} cannot be read.`, { cause });
  }
  return parseConfig(text, path);
}

/** @throws OutlastError CONFIG_INVALID with file and line. */
function parseConfig(text: string, path: string): Config {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const at = (offset: number): string => `${path}:${lines.linePos(offset).line}`;
  const syntax = document.errors[0];
  if (syntax) throw new OutlastError('CONFIG_INVALID', `${at(syntax.pos[0])}: ${syntax.message.split('\n')[0]}`);

  const result = schema.safeParse(document.toJS());
  if (!result.success) {
    const where = result.error.issues.map((issue) => {
      // The node that is at fault, or the nearest one above it that the file has.
      for (let depth = issue.path.length; depth >= 0; depth--) {
        const node = document.getIn(issue.path.slice(0, depth), true) as
          | { range?: [number, number, number] }
          | undefined;
        if (node?.range)
          return `${at(node.range[0])}: ${[...issue.path, ''].join('.').replace(/\.$/, ': ')}${issue.message}`;
      }
      return `${path}:1: ${issue.message}`;
    });
    throw new OutlastError('CONFIG_INVALID', where[0] ?? path, { detail: where.slice(1).join('\n') || undefined });
  }
  const ids = result.data.stores.map((entry) => entry.id);
  const twice = ids.find((entry, index) => ids.indexOf(entry) !== index);
  if (twice !== undefined)
    throw new OutlastError('CONFIG_INVALID', `${path}: the store id "${twice}" stands there twice.`);
  return result.data;
}
