import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { type ErrorCode, OutlastError } from '../errors.ts';
import { backup, backupFileFault } from './backup.ts';
import { expectations } from './expect.ts';
import { gate, storesNamedBy } from './gate.ts';
import { limits } from './limits.ts';
import { nearest } from './nearest.ts';
import { rebuild } from './rebuild.ts';
import { stores } from './stores.ts';

export const schema = z
  .strictObject({
    stores: stores.optional().describe('Where the stack keeps its data. Without it the running stack is looked at.'),
    backup: backup.optional().describe('How the stack is backed up and restored.'),
    leave_out: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe('Services that are not started: nothing of them is in the shadow.'),
    rebuild: rebuild.optional().describe('Later versions that a rebuild brings, by service.'),
    expect: expectations.optional().describe('What may be lost, and why.'),
    gate: gate.optional().describe('When a deploy is refused.'),
    limits: limits.optional().describe('Time and room.'),
  })
  .meta({ title: 'Configuration of Outlast' })
  .check(({ value, issues }) => {
    if (!value.stores) return;
    const ids = value.stores.map((entry) => entry.id);
    value.stores.forEach((entry, index) => {
      if (ids.indexOf(entry.id) < index)
        issues.push(issue(['stores', index, 'id'], `the id "${entry.id}" stands there twice`));
    });
    for (const { path, message } of strangeStores(value, ids)) issues.push(issue(path, message));
  });

type Path = readonly (string | number)[];

/** Every store that a configuration names and that is none of those that there are. */
function strangeStores(
  { backup: promised, expect, gate: policy }: Pick<Config, 'backup' | 'expect' | 'gate'>,
  ids: readonly string[],
): { readonly path: Path; readonly message: string }[] {
  const named = [
    ...(promised?.stores ?? []).map((name, index) => ({ path: ['backup', 'stores', index], name })),
    ...(expect ?? []).map(({ store: name }, index) => ({ path: ['expect', index, 'store'], name })),
    ...(policy ? storesNamedBy(policy) : []).map(({ path, name }) => ({ path: ['gate', ...path], name })),
  ];
  return named
    .filter(({ name }) => !ids.includes(name))
    .map(({ path, name }) => ({ path, message: `"${name}" is none of the stores ${ids.join(', ')}` }));
}

function issue(path: Path, message: string) {
  return { code: 'custom' as const, path: [...path], message, input: undefined };
}

/** What `outlast.yaml` says: only what cannot be known otherwise. */
type Config = z.infer<typeof schema>;

/** A configuration, and a way to say what else is wrong with it. */
export interface ConfigFile extends Config {
  /** With file and line of the node at `path`. */
  fault(path: Path, message: string, code?: ErrorCode): OutlastError;
  /** @throws OutlastError CONFIG_INVALID where it names a store that is none of these */
  checkStores(ids: readonly string[]): void;
  /** @throws OutlastError CONFIG_INVALID where the policy names a service that is none of these */
  checkServices(names: readonly string[]): void;
}

export const CONFIG_FILE = 'outlast.yaml';

/**
 * Reads `outlast.yaml`. Nothing in it is executed.
 * @param file the file to read; `undefined`: the one in `folder`, which may be absent (then `null`); `null`: none
 * @throws OutlastError CONFIG_INVALID with file and line.
 */
export async function readConfig(folder: string, file?: string | null): Promise<ConfigFile | null> {
  if (file === null) return null;
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

/** More choices than these are not listed. */
const MANY = 20;

/** Of a choice that is none of many: those that are most like it. */
function inShort(found: z.core.$ZodIssue, given: unknown): string | null {
  if (found.code !== 'invalid_value' || found.values.length <= MANY || typeof given !== 'string') return null;
  const close = nearest(given, found.values.map(String)).map((name) => `"${name}"`);
  return `"${given}" is none of the ${found.values.length} that there are; nearest: ${close.join(', ')}`;
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
    const where = result.error.issues.map((found) =>
      describe(found.path, inShort(found, document.getIn(found.path)) ?? found.message),
    );
    throw new OutlastError('CONFIG_INVALID', where[0] ?? path, { detail: where.slice(1).join('\n') || undefined });
  }
  const config = result.data;
  const fault: ConfigFile['fault'] = (keys, message, code = 'CONFIG_INVALID') =>
    new OutlastError(code, describe(keys, message));
  return {
    ...config,
    fault,
    checkStores: (ids) => {
      const [strange] = strangeStores(config, ids);
      if (strange) throw fault(strange.path, strange.message);
    },
    checkServices: (names) => {
      for (const [index, { service }] of (config.gate?.accept ?? []).entries())
        if (service !== undefined && !names.includes(service))
          throw fault(['gate', 'accept', index, 'service'], `"${service}" is none of the services ${names.join(', ')}`);
    },
  };
}
