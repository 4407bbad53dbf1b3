import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { homeKey } from '../home.ts';

/** Start of the names of the folders with a host's sockets. */
export const RUN_FOLDER_PREFIX = 'outlast-';

/**
 * A folder for what belongs to a host while it lives, for its owner alone.
 * @param record writes its path down before it is made, so that a sweep finds it
 */
export async function makeRunFolder(home: string, record: (folder: string) => unknown): Promise<string> {
  const name = `${RUN_FOLDER_PREFIX}${homeKey(home)}-${randomBytes(6).toString('hex')}`;
  const folder = path.join(shortTmpdir(), name);
  await record(folder);
  await mkdir(folder, { mode: 0o700 });
  return folder;
}

/** A unix socket's path is limited to 108 characters, and `/run` is another one inside a private host. */
function shortTmpdir(): string {
  const folder = tmpdir();
  return folder.length > 60 || folder.startsWith('/run') ? '/tmp' : folder;
}
