import { readFileSync, readlinkSync } from 'node:fs';

/** What a process may do is decided by these. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

/** Programs that only pass signals on to the process they start. */
const INITS = new Set(['docker-init', 'tini', 'tini-static', 'dumb-init', 'catatonit']);

/** The container's main process: process 1, or what an init there has started. */
export function mainPid(): number {
  if (!INITS.has(programOf(1))) return 1;
  try {
    const [child] = readFileSync('/proc/1/task/1/children', 'utf8').trim().split(' ');
    return Number(child) || 1;
  } catch {
    // Not every kernel lists children.
    return 1;
  }
}

/** Name of a process, cut after 15 characters. */
export function programOf(pid: number): string {
  return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
}

/** Effective ids of a process. */
export function identityOf(pid: number): Identity {
  return parseStatus(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

/** Reads the ids from the text of `/proc/PID/status`. Pure. */
export function parseStatus(status: string): Identity {
  const numbers = (key: string): number[] =>
    (new RegExp(`^${key}:(.*)$`, 'm').exec(status)?.[1] ?? '').trim().split(/\s+/).filter(Boolean).map(Number);
  const [, uid] = numbers('Uid');
  const [, gid] = numbers('Gid');
  if (uid === undefined || gid === undefined) throw new Error('The process has no ids.');
  return { uid, gid, groups: numbers('Groups') };
}

/** Environment and working directory that a process was started with. */
export function surroundingsOf(pid: number): Surroundings {
  try {
    return readSurroundings(pid);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error;
    // Without the capability to look into any process there is still the one to look into one's own.
    return actAs(identityOf(pid), () => readSurroundings(pid));
  }
}

interface Surroundings {
  readonly env: Record<string, string>;
  readonly cwd: string;
}

function readSurroundings(pid: number): Surroundings {
  const pairs = readFileSync(`/proc/${pid}/environ`, 'utf8')
    .split('\0')
    .filter((pair) => pair.includes('='));
  const env = Object.fromEntries(
    pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
  return { env, cwd: readlinkSync(`/proc/${pid}/cwd`) };
}

/**
 * Runs a *synchronous* function with the effective ids given, and takes the own ones back. Without root it just runs it.
 * Root is left alone: there is nothing to switch.
 */
export function actAs<T>(identity: Identity, run: () => T): T {
  const own = process.geteuid?.();
  if (own !== 0 || identity.uid === 0) return run();
  const { setgroups, setegid, seteuid, getgroups, getegid } = process;
  if (!setgroups || !setegid || !seteuid || !getgroups || !getegid) return run();
  const before = { gid: getegid(), groups: getgroups() };
  setgroups([...identity.groups]);
  setegid(identity.gid);
  seteuid(identity.uid);
  try {
    return run();
  } finally {
    seteuid(0);
    setegid(before.gid);
    setgroups(before.groups);
  }
}
