import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { Redactor } from '../redact.ts';
import type { ComposeOptions } from './project-model.ts';
import type { SourceLines } from './source-lines.ts';

/** What a stack becomes besides by its Compose files. */
export interface Variables {
  /** Of each variable that is set and put in where it may decide about data: a fingerprint of its value. */
  readonly variables: Readonly<Record<string, string>>;
  /** Those asked for; `*` is all. */
  readonly profiles: readonly string[];
}

/** They tell of the machine, and are nobody's setting. */
const OF_THE_MACHINE: ReadonlySet<string> = new Set(['HOME', 'HOSTNAME', 'LOGNAME', 'PWD', 'USER']);

/**
 * The variables as Compose would find them: in the process, else in the named environment files, else in `.env`. What is secret is left out.
 * @param folder of the first Compose file
 */
export async function variablesOf(
  lines: SourceLines,
  folder: string,
  { profiles = [], envFiles = [] }: Pick<ComposeOptions, 'profiles' | 'envFiles'>,
): Promise<Variables> {
  const setting = await settings(lines, folder, envFiles);
  // The project's name is put in without being named.
  const names = new Set(['COMPOSE_PROJECT_NAME', ...referencesIn(lines.structure)]);
  const found: [string, string][] = [];
  // Values name others, which are looked at in turn.
  for (const name of names) {
    const value = setting(name);
    if (value === undefined || OF_THE_MACHINE.has(name)) continue;
    for (const inner of referencesIn([value])) names.add(inner);
    if (!isSecret(name, value)) found.push([name, fingerprint(value)]);
  }
  const asked = profiles.length > 0 ? profiles : (setting('COMPOSE_PROFILES')?.split(',') ?? []);
  return {
    variables: Object.fromEntries(found.toSorted(([a], [b]) => (a < b ? -1 : 1))),
    profiles: [...new Set(asked.map((name) => name.trim()).filter((name) => name !== ''))].toSorted((a, b) =>
      a < b ? -1 : 1,
    ),
  };
}

async function settings(
  lines: SourceLines,
  folder: string,
  named: readonly string[],
): Promise<(name: string) => string | undefined> {
  const listed = process.env['COMPOSE_ENV_FILES']?.split(',').map((file) => resolve(folder, file)) ?? [];
  const chosen = named.length > 0 ? named : listed;
  // The last one that is named counts most; what is included brings its own, which counts least.
  const files = chosen.length > 0 ? chosen.toReversed() : [join(folder, '.env')];
  const beside = lines.folders.map((each) => join(each, '.env')).filter((file) => !files.includes(file));
  const texts = [...new Set([...files, ...beside])].map(async (file) => readFile(file, 'utf8').catch(() => ''));
  const sources = [process.env, ...(await Promise.all(texts)).map((text) => parseEnv(text))];
  return (name) => sources.map((source) => source[name]).find((value) => value !== undefined);
}

/** A dollar of one's own is written twice. */
function referencesIn(texts: readonly string[]): string[] {
  return texts.flatMap((text) =>
    [...text.replaceAll('$$', '').matchAll(/\$\{?([A-Za-z_]\w*)/g)].map(([, name = '']) => name),
  );
}

/** By the same rules that take it out of every output. */
function isSecret(name: string, value: string): boolean {
  const redactor = new Redactor();
  redactor.learn(name, value);
  return redactor.text(value) !== value;
}

function fingerprint(value: string): string {
  return createHash('sha256').update(value).digest('hex').slice(0, 16);
}
