import { access, readFile } from 'node:fs/promises';
import { delimiter, dirname, join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { LineCounter, parseDocument } from 'yaml';
import { OutlastError } from '../errors.ts';

const DEFAULTS = ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml'];

export interface ComposeFiles {
  /** Absolute, in the order of precedence. */
  readonly files: readonly string[];
  /** The folder of the first file: what relative paths are relative to. */
  readonly folder: string;
}

/**
 * The files named, or those that Compose itself would take in `cwd`: by COMPOSE_FILE, else the one with its override.
 * @throws OutlastError NO_COMPOSE_FILE; COMPOSE_INVALID with file and line for what is no YAML.
 */
export async function findComposeFiles(named: readonly string[], cwd: string): Promise<ComposeFiles> {
  const files = named.length > 0 ? named.map((file) => resolve(cwd, file)) : await defaults(cwd);
  for (const file of files) await checkSyntax(file);
  return { files, folder: dirname(files[0] as string) };
}

async function defaults(cwd: string): Promise<string[]> {
  const dotenv = parseEnv(await readFile(join(cwd, '.env'), 'utf8').catch(() => ''));
  const setting = (name: string): string | undefined => process.env[name] ?? dotenv[name];
  const listed = setting('COMPOSE_FILE');
  if (listed) return listed.split(setting('COMPOSE_PATH_SEPARATOR') ?? delimiter).map((file) => resolve(cwd, file));
  for (const name of DEFAULTS) {
    if (!(await exists(join(cwd, name)))) continue;
    const override = join(cwd, name.replace(/\.ya?ml$/, '.override$&'));
    return (await exists(override)) ? [join(cwd, name), override] : [join(cwd, name)];
  }
  throw new OutlastError('NO_COMPOSE_FILE', `${cwd} has none of ${DEFAULTS.join(', ')}.`);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function checkSyntax(file: string): Promise<void> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new OutlastError('NO_COMPOSE_FILE', `${file} cannot be read.`, { cause });
  });
  const lines = new LineCounter();
  const error = parseDocument(text, { lineCounter: lines, merge: true }).errors[0];
  if (error) {
    throw new OutlastError(
      'COMPOSE_INVALID',
      `${file}:${lines.linePos(error.pos[0]).line}: ${error.message.split('\n')[0]}`,
      {
        detail: error.message,
      },
    );
  }
}
