import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** A process that cannot be mistaken for a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks after the machine's boot. */
  readonly startTime: string;
}

/** The identity of a living process, or `null`. */
export async function identify(pid: number): Promise<ProcessIdentity | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (stat === null) return null;
  // The name in parentheses may hold spaces; the state and 19 more fields follow, then the start time.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const startTime = fields[19];
  return startTime === undefined || fields[0] === 'Z' ? null : { pid, startTime };
}

/** Whether the very process still lives and its command line names `mark`. */
async function isStill(identity: ProcessIdentity, mark: string): Promise<boolean> {
  const now = await identify(identity.pid);
  if (now?.startTime !== identity.startTime) return false;
  const commandLine = await readFile(`/proc/${identity.pid}/cmdline`, 'utf8').catch(() => '');
  return commandLine.split('\0').includes(mark);
}

/** Whoever has ended meanwhile needs no signal. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Kills the process if it is still the one meant, and returns when it is gone. A stranger's end is announced by no event. */
export async function killForGood(identity: ProcessIdentity, mark: string): Promise<boolean> {
  if (!(await isStill(identity, mark))) return false;
  sendSignal(identity.pid, 'SIGKILL');
  while ((await identify(identity.pid))?.startTime === identity.startTime) await delay(5);
  return true;
}

/** The children of a process. */
export async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return text.split(' ').filter(Boolean).map(Number);
}
