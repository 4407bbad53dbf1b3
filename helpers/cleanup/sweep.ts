import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type Docker from 'dockerode';
import { findAmbientEngine } from '../host/ambient-host.ts';
import { tryLock, withLock, type Lock } from '../host/lock.ts';
import { killForGood } from '../host/process-identity.ts';
import { clearSlot } from '../host/private-host.ts';
import { existingSlots, isOccupied, tryAcquire } from '../host/slot.ts';
import { readJournal, type JournalEntry } from './journal.ts';
import { removeLabelled } from './labelled.ts';
import { runsFolder } from './run.ts';

/** A run whose process has died; we hold its lock meanwhile. */
interface DeadRun {
  readonly id: string;
  readonly folder: string;
  readonly lock: Lock;
}

/** What a sweep has come to, in words. */
export interface Swept {
  readonly removed: readonly string[];
  /** What could not be looked at now: the next sweep tries again. */
  readonly kept: readonly string[];
}

/** Removes what dead runs have left behind, and only that. A run that lives holds its lock, a host its slot. */
export async function sweep(home: string, signal?: AbortSignal): Promise<Swept> {
  const action = async (): Promise<Swept> => {
    const dead = await findDeadRuns(home);
    try {
      const slots = await sweepSlots(home, signal);
      // Last: a run whose folder has gone has left nothing.
      const runs = await Promise.all(dead.map(async (run) => sweepRun(home, run)));
      return {
        removed: [...slots, ...runs.flatMap(({ removed }) => removed)],
        kept: runs.flatMap(({ kept }) => kept),
      };
    } finally {
      for (const { lock } of dead) lock.release();
    }
  };
  // One at a time: whoever asks for a sweep may rely on what another one has begun.
  return withLock(path.join(home, 'sweep.lock'), action, signal);
}

async function findDeadRuns(home: string): Promise<DeadRun[]> {
  const names = await readdir(runsFolder(home)).catch(() => []);
  return names
    .filter((name) => !name.startsWith('.'))
    .flatMap((id) => {
      const folder = path.join(runsFolder(home), id);
      const lock = lockOf(folder);
      return lock ? [{ id, folder, lock }] : [];
    });
}

/** A folder that its run removes at this moment is none of ours. */
function lockOf(folder: string): Lock | null {
  try {
    return tryLock(path.join(folder, 'lock'));
  } catch {
    return null;
  }
}

async function sweepSlots(home: string, signal: AbortSignal | undefined): Promise<string[]> {
  const numbers = await existingSlots(home);
  const swept = await Promise.all(
    numbers.map(async (number) => {
      const slot = tryAcquire(home, number);
      if (!slot) return [];
      if (await isOccupied(slot.folder)) {
        await clearSlot(home, slot, signal);
        return [`private host ${number}`];
      }
      slot.lock.release();
      return [];
    }),
  );
  return swept.flat();
}

/** The folder of a run stays until the engine that it worked on has been asked: only its journal tells where that is. */
async function sweepRun(home: string, { id, folder }: DeadRun): Promise<Swept> {
  const entries = await readJournal(path.join(folder, 'journal.jsonl'));
  const removed: string[] = [];
  for (const entry of entries) {
    if (entry.kind !== 'engine') continue;
    const engine = (await findAmbientEngine(entry.endpoint))?.docker;
    if (!engine) return { removed, kept: [`run ${id}: the engine at ${entry.endpoint} does not answer`] };
    removed.push(...(await removeLabelled(engine, (runId) => runId === id)));
    removed.push(...(await removeVolumes(engine, entries)));
  }
  const others = await Promise.all(entries.map(removeJournalled));
  await rm(path.join(home, 'projects', id), { recursive: true, force: true });
  await rm(folder, { recursive: true, force: true });
  return { removed: [...removed, ...others.flat(), `run ${id}`], kept: [] };
}

async function removeVolumes(engine: Docker, entries: readonly JournalEntry[]): Promise<string[]> {
  const names = entries.flatMap((entry) => (entry.kind === 'volume' ? [entry.name] : []));
  const removed = await Promise.all(
    names.map((name) =>
      engine
        .getVolume(name)
        .remove()
        .then(
          () => [`volume ${name}`],
          () => [],
        ),
    ),
  );
  return removed.flat();
}

async function removeJournalled(entry: JournalEntry): Promise<string[]> {
  if (entry.kind === 'process') return (await killForGood(entry, entry.mark)) ? [`process ${entry.pid}`] : [];
  if (entry.kind !== 'folder') return [];
  await rm(entry.path, { recursive: true, force: true });
  return [`folder ${entry.path}`];
}
