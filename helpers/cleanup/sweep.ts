import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type Docker from 'dockerode';
import { findAmbientEngine } from '../host/ambient-host.ts';
import { BASES_LOCK, basesFolder } from '../host/base-image.ts';
import { tryLock, withLock, type Lock } from '../host/lock.ts';
import { killForGood } from '../host/process-identity.ts';
import { clearSlot } from '../host/private-host.ts';
import { existingSlots, isOccupied, tryAcquire } from '../host/slot.ts';
import { readJournal, type JournalEntry } from './journal.ts';
import { toolboxesFolder } from '../probe/toolbox.ts';
import { sweepCache, sweepUnfinished } from './cache.ts';
import { removeLabelled } from './labelled.ts';
import { RUNS_LOCK, runsFolder } from './run.ts';
import { removeFromEngine, together, type Swept } from './swept.ts';

/** A run whose process has died; we hold its lock meanwhile. */
interface DeadRun {
  readonly id: string;
  readonly folder: string;
  readonly lock: Lock;
}

/** How many toolboxes stay that nobody uses: those of the versions and machines' states that are worked with in turn. */
const TOOLBOXES_KEPT = 3;

/**
 * Removes what dead runs have left behind, and toolboxes that are out of use; and only that. A run that lives holds its
 * lock, a host its slot, a toolbox in use its own.
 */
export async function sweep(home: string, signal?: AbortSignal): Promise<Swept> {
  const action = async (): Promise<Swept> => {
    const dead = await findDeadRuns(home);
    try {
      const slots = await sweepSlots(home, signal);
      // Last: a run whose folder has gone has left nothing.
      const runs = await Promise.all(dead.map(async (run) => sweepRun(home, run)));
      const files = [...(await sweepProjects(home)), ...(await sweepCaches(home))];
      return together([{ removed: slots, kept: [] }, ...runs, { removed: files, kept: [] }]);
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

/** The folder of a run stays until nothing of it is left on the engine that it worked on: only its journal tells where that is. */
async function sweepRun(home: string, { id, folder }: DeadRun): Promise<Swept> {
  const entries = await readJournal(path.join(folder, 'journal.jsonl'));
  const onEngines = together(
    await Promise.all(
      entries.map(async (entry) => (entry.kind === 'engine' ? sweepEngine(entry.endpoint, id, entries) : NOTHING)),
    ),
  );
  if (onEngines.kept.length > 0)
    return { removed: onEngines.removed, kept: onEngines.kept.map((what) => `run ${id}: ${what}`) };
  const others = await Promise.all(entries.map(removeJournalled));
  await rm(path.join(home, 'projects', id), { recursive: true, force: true });
  await rm(folder, { recursive: true, force: true });
  return { removed: [...onEngines.removed, ...others.flat(), `run ${id}`], kept: [] };
}

const NOTHING: Swept = { removed: [], kept: [] };

async function sweepEngine(endpoint: string, runId: string, entries: readonly JournalEntry[]): Promise<Swept> {
  try {
    const engine = (await findAmbientEngine(endpoint))?.docker;
    if (!engine) return { removed: [], kept: [`the engine at ${endpoint} does not answer`] };
    // They are in use as long as the containers are there.
    const labelled = await removeLabelled(engine, (id) => id === runId);
    return together([labelled, await removeVolumes(engine, entries)]);
  } catch (error) {
    return { removed: [], kept: [`the engine at ${endpoint}: ${String(error)}`] };
  }
}

async function removeVolumes(engine: Docker, entries: readonly JournalEntry[]): Promise<Swept> {
  const names = entries.flatMap((entry) => (entry.kind === 'volume' ? [entry.name] : []));
  return together(
    await Promise.all(
      names.map(async (name) => removeFromEngine(`volume ${name}`, async () => engine.getVolume(name).remove())),
    ),
  );
}

/** Folders of shadow projects on the user's engine whose run is no more. */
async function sweepProjects(home: string): Promise<string[]> {
  const names = await readdir(path.join(home, 'projects')).catch(() => []);
  // Looked at after them: a run is there before its project.
  const runs = new Set(await readdir(runsFolder(home)).catch(() => []));
  const left = names.filter((name) => !runs.has(name));
  for (const name of left) await rm(path.join(home, 'projects', name), { recursive: true, force: true });
  return left.map((name) => `project ${name}`);
}

async function sweepCaches(home: string): Promise<string[]> {
  const [runs, bases, toolboxes] = await Promise.all([
    sweepUnfinished(runsFolder(home), RUNS_LOCK),
    sweepUnfinished(basesFolder(home), BASES_LOCK),
    sweepCache(toolboxesFolder(home), TOOLBOXES_KEPT),
  ]);
  return [
    ...runs.map((name) => `runs/${name}`),
    ...bases.map((name) => `base/${name}`),
    ...toolboxes.map((name) => `toolbox/${name}`),
  ];
}

async function removeJournalled(entry: JournalEntry): Promise<string[]> {
  if (entry.kind === 'process') return (await killForGood(entry, entry.mark)) ? [`process ${entry.pid}`] : [];
  if (entry.kind !== 'folder') return [];
  await rm(entry.path, { recursive: true, force: true });
  return [`folder ${entry.path}`];
}
