import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { actAs, identityOf } from './identity.ts';

/** How a file is held open: an app that only reads one does not keep its data there. */
type Hold = 'reading' | 'writing';

/** The regular files that the container's processes hold open, but for the agent's own. */
export interface OpenFiles {
  /** By device and inode, as `fileId` tells them. */
  readonly holds: ReadonlyMap<string, Hold>;
  /** Where those lie that are held for writing, as the container sees them. */
  readonly written: readonly string[];
  /** Could every process be looked into? */
  readonly complete: boolean;
}

/** The same for every name of a file. */
export function fileId({ dev, ino }: { readonly dev: number | bigint; readonly ino: number | bigint }): string {
  return `${dev} ${ino}`;
}

export function openFiles(): OpenFiles {
  const holds = new Map<string, Hold>();
  const written = new Set<string>();
  let complete = true;
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  for (const pid of pids) {
    try {
      for (const { id, path, hold } of filesOf(Number(pid))) {
        if (hold === 'writing') written.add(path);
        if (holds.get(id) !== 'writing') holds.set(id, hold);
      }
    } catch (error) {
      if (!isGone(error)) complete = false;
    }
  }
  return { holds, written: [...written], complete };
}

interface HeldFile {
  readonly id: string;
  readonly path: string;
  readonly hold: Hold;
}

function filesOf(pid: number): HeldFile[] {
  try {
    return readFiles(pid);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error;
    // Without the capability to look into any process there is still the one to look into one's own.
    return actAs(identityOf(pid), () => readFiles(pid));
  }
}

const O_ACCMODE = 0o3;

function readFiles(pid: number): HeldFile[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd): HeldFile[] => {
    try {
      const found = statSync(`/proc/${pid}/fd/${fd}`);
      if (!found.isFile()) return [];
      const flags = /^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8'))?.[1] ?? '0';
      const hold = (Number.parseInt(flags, 8) & O_ACCMODE) === 0 ? 'reading' : 'writing';
      return [{ id: fileId(found), path: readlinkSync(`/proc/${pid}/fd/${fd}`), hold }];
    } catch (error) {
      if (isGone(error)) return [];
      throw error;
    }
  });
}

/** The process has ended meanwhile, or has closed the file. */
function isGone(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ESRCH';
}
