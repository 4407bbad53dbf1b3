import { access, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { CONFIG_FILE } from '../config/config.ts';
import { findSchema } from '../config/find-schema.ts';
import { writtenConfig } from '../config/written-config.ts';
import { OutlastError } from '../errors.ts';
import { Session } from '../scenario/session.ts';
import { findComposeFiles } from '../stack/compose-files.ts';
import { Forecast } from './forecast.ts';
import { showProgress } from './progress.ts';
import { stackOf, type StackOptions } from './stack-options.ts';

export interface InitOptions extends StackOptions {
  readonly force: boolean;
}

/**
 * `outlast init`: starts the stack once, looks where it keeps its data, and writes a configuration that says so.
 * @returns the exit code
 * @throws OutlastError CONFIG_EXISTS; whatever keeps the stack from being started
 */
export async function init(options: InitOptions, signal: AbortSignal): Promise<number> {
  const compose = await findComposeFiles(options.file, process.cwd());
  const file = options.config === undefined ? join(compose.folder, CONFIG_FILE) : resolve(options.config);
  if (!options.force && (await isThere(file))) throw taken(file);
  // What stands there is to be replaced, so nothing of it holds.
  await using session = new Session({ ...stackOf(options, compose), configFile: null, markers: 0, seed: '', signal });
  await showProgress(session, [], [], { detail: 'normal', forecast: new Forecast() });
  const { stack, stores } = await session.record();
  const text = writtenConfig({ ...stack, stores, schema: await findSchema(file) });
  await writeFile(file, text, { flag: options.force ? 'w' : 'wx' }).catch((cause: NodeJS.ErrnoException) => {
    throw cause.code === 'EEXIST'
      ? taken(file)
      : new OutlastError('OUTPUT_UNWRITABLE', `${file}: ${cause.message}`, { cause });
  });
  process.stdout.write(
    `${relative(process.cwd(), file)} names ${stores.length} stores; correct it where it is wrong.\n`,
  );
  return 0;
}

async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

function taken(file: string): OutlastError {
  return new OutlastError('CONFIG_EXISTS', `${file} is there.`);
}
