import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, rename, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import path from 'node:path';
import { privateFolder } from '../home.ts';
import { tryLock, withLock, type Lock } from '../host/lock.ts';
import { OutlastError } from '../errors.ts';
import { appendToJournal, type JournalEntry } from './journal.ts';

/** The folder of all runs of a home. */
export function runsFolder(home: string): string {
  return path.join(home, 'runs');
}

/** The lock under which a run begins, in the folder of all runs. */
export const RUNS_LOCK = '.lock';

/** A run while it lives: it holds a lock that tells so, keeps a journal, and has a reaper that cleans up if it dies. */
export class Run implements AsyncDisposable {
  readonly id: string;
  readonly folder: string;
  readonly #lock: Lock;
  readonly #reaper: ChildProcess;

  constructor(id: string, folder: string, lock: Lock, reaper: ChildProcess) {
    this.id = id;
    this.folder = folder;
    this.#lock = lock;
    this.#reaper = reaper;
  }

  /** Notes something that was made and carries no label of the run. */
  note(item: JournalEntry): void {
    appendToJournal(path.join(this.folder, 'journal.jsonl'), item);
  }

  /** Ends the run. Whatever it had made is removed already. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dismissReaper();
    // A sweep that asks for the lock at this moment makes its file anew.
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
    this.#lock.release();
  }

  /** Ends the run and leaves its folder to the next sweep: something of it is still there. */
  async abandon(): Promise<void> {
    await this.#dismissReaper();
    this.#lock.release();
  }

  async #dismissReaper(): Promise<void> {
    const gone = hasEnded(this.#reaper) ? Promise.resolve() : once(this.#reaper, 'exit');
    this.#reaper.ref();
    this.#reaper.stdin?.end('done');
    await gone;
  }
}

/** Ids of the runs of a home that live. */
export async function livingRuns(home: string): Promise<string[]> {
  const names = await readdir(runsFolder(home)).catch(() => []);
  return names.filter((name) => !name.startsWith('.') && isLocked(path.join(runsFolder(home), name)));
}

function isLocked(folder: string): boolean {
  try {
    const lock = tryLock(path.join(folder, 'lock'));
    lock?.release();
    return lock === null;
  } catch {
    // Its run removes it at this moment.
    return false;
  }
}

/** Begins a run. Its folder appears with its lock held, so that no sweep takes it for a dead one. */
export async function openRun(home: string, runId: string): Promise<Run> {
  const folder = path.join(runsFolder(home), runId);
  const fresh = path.join(runsFolder(home), `.new-${runId}`);
  await privateFolder(runsFolder(home));
  return withLock(path.join(runsFolder(home), RUNS_LOCK), async () => {
    await privateFolder(fresh);
    const lock = tryLock(path.join(fresh, 'lock'));
    if (!lock) throw new OutlastError('INTERNAL', `The run ${runId} is being started twice.`);
    try {
      await rename(fresh, folder);
      return new Run(runId, folder, lock, startReaper(home));
    } catch (error) {
      lock.release();
      throw error;
    }
  });
}

/** A process in a session of its own that sweeps when our end of its stdin closes without a word. */
function startReaper(home: string): ChildProcess {
  const program = path.join(import.meta.dirname, `reaper${path.extname(import.meta.filename)}`);
  const reaper = spawn(process.execPath, [program, home, String(process.pid)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // Neither keeps a process alive that has nothing else to do.
  reaper.unref();
  if (reaper.stdin instanceof Socket) reaper.stdin.unref();
  reaper.stdin?.on('error', () => undefined);
  return reaper;
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
