import { accessSync, constants, statSync } from 'node:fs';
import { codeOf } from './log.ts';

export interface Unwritable {
  path: string;
  /** `uid:gid` found, `null` when there is nothing, and the one needed. */
  owner: string | null;
  needed: string;
  problem: string;
  /** The exact command, or what to change where no command helps. */
  fix: string;
}

/** SQLite needs to write to the database, to its sidecars, and to the folder that it makes them in. */
export function databaseFiles(databasePath: string): string[] {
  return [databasePath, `${databasePath}-wal`, `${databasePath}-shm`].filter((file) => whose(file) !== null);
}

/** Why this process may not write there; `null` when it may. */
export function unwritable(path: string): Unwritable | null {
  const found = whose(path);
  try {
    accessSync(path, found?.directory === true ? constants.W_OK | constants.X_OK : constants.W_OK);
    return null;
  } catch (error) {
    const [uid, gid] = [process.getuid?.(), process.getgid?.()];
    const needed = `${uid}:${gid}`;
    const chown = `docker compose run --rm --no-deps --user 0:0 --entrypoint chown app -R ${needed} ${path}`;
    const report = (problem: string, fix: string) => ({ path, owner: found?.owner ?? null, needed, problem, fix });
    if (found === null) return report('does not exist', 'mount it: see `volumes` in compose.yaml');
    if (codeOf(error) === 'EROFS') return report('is mounted read-only', 'drop :ro from its mount');
    if (found.uid === uid) return report(`has mode ${found.mode}`, `chmod u+rwX ${path}`);
    return report(`belongs to ${found.owner}, this service runs as ${needed}`, chown);
  }
}

function whose(path: string): { owner: string; uid: number; mode: string; directory: boolean } | null {
  try {
    const stats = statSync(path);
    const { uid, gid, mode } = stats;
    return { owner: `${uid}:${gid}`, uid, mode: (mode & 0o777).toString(8), directory: stats.isDirectory() };
  } catch {
    return null;
  }
}
