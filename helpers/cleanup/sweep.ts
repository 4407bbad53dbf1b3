import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
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

/** Removes what dead runs have left behind, and only that, and tells what it was. A run that lives holds its lock, a host its slot. */
export async function sweep(home: string): Promise<string[]> {
  // One at a time: whoever asks for a sweep may rely on what another one has begun.
  return withLock(path.join(home, 'sweep.lock'), async () => {
    const dead = await findDeadRuns(home);
    try {
      const [slots, ambient] = await Promise.all([sweepSlots(home), sweepAmbient(dead)]);
      const others = await Promise.all(dead.map((run) => sweepRun(home, run)));
      return [...slots, ...ambient, ...others.flat()];
    } finally {
      for (const { lock } of dead) lock.release();
    }
  });
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

async function sweepSlots(home: string): Promise<string[]> {
  const numbers = await existingSlots(home);
  const swept = await Promise.all(
    numbers.map(async (number) => {
      const slot = tryAcquire(home, number);
      if (!slot) return [];
      if (await isOccupied(slot.folder)) {
        await clearSlot(home, slot);
        return [`private host ${number}`];
      }
      slot.lock.release();
      return [];
    }),
  );
  return swept.flat();
}

async function sweepAmbient(dead: readonly DeadRun[]): Promise<string[]> {
  const engine = dead.length > 0 ? await findAmbientEngine() : null;
  if (!engine) return [];
  const ids = new Set(dead.map(({ id }) => id));
  const labelled = await removeLabelled(engine, (id) => ids.has(id));
  const journals = await Promise.all(dead.map(({ folder }) => readJournal(path.join(folder, 'journal.jsonl'))));
  const volumes = journals.flat().flatMap((entry) => (entry.kind === 'volume' ? [entry.name] : []));
  const removed = await Promise.all(
    volumes.map((name) =>
      engine
        .getVolume(name)
        .remove()
        .then(
          () => [`volume ${name}`],
          () => [],
        ),
    ),
  );
  return [...labelled, ...removed.flat()];
}

async function sweepRun(home: string, { id, folder }: DeadRun): Promise<string[]> {
  const entries = await readJournal(path.join(folder, 'journal.jsonl'));
  const removed = await Promise.all(entries.map(removeJournalled));
  await rm(path.join(home, 'projects', id), { recursive: true, force: true });
  await rm(folder, { recursive: true, force: true });
  return [...removed.flat(), `run ${id}`];
}

async function removeJournalled(entry: JournalEntry): Promise<string[]> {
  if (entry.kind === 'process') return (await killForGood(entry, entry.mark)) ? [`process ${entry.pid}`] : [];
  if (entry.kind !== 'folder') return [];
  await rm(entry.path, { recursive: true, force: true });
  return [`folder ${entry.path}`];
}
