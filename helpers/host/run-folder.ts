import { tmpdir } from 'node:os';
import { dir } from 'tmp-promise';

/** Start of the names of the folders with a host's sockets. */
export const RUN_FOLDER_PREFIX = 'outlast-';

/** A new folder for what belongs to a host while it lives, for its owner alone. */
export async function makeRunFolder(): Promise<string> {
  const made = await dir({ prefix: RUN_FOLDER_PREFIX, tmpdir: shortTmpdir(), mode: 0o700 });
  return made.path;
}

/** A unix socket's path is limited to 108 characters, and `/run` is another one inside a private host. */
function shortTmpdir(): string {
  const folder = tmpdir();
  return folder.length > 60 || folder.startsWith('/run') ? '/tmp' : folder;
}
