import { createHash } from 'node:crypto';
import { chmod, mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';

/** The folder of Outlast's own state: `OUTLAST_HOME`, else `outlast` in the user's cache folder. Made on first use, for the user alone. */
export async function outlastHome(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const cache = env['XDG_CACHE_HOME'] || path.join(homedir(), '.cache');
  const home = path.resolve(env['OUTLAST_HOME'] || path.join(cache, 'outlast'));
  await privateFolder(home);
  return home;
}

/** Tells what belongs to a home where it lies elsewhere: eight hexadecimal digits. */
export function homeKey(home: string): string {
  return createHash('sha256').update(home).digest('hex').slice(0, 8);
}

/** Makes a folder that only its owner may enter. */
export async function privateFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
}
