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

/** How many toolboxes stay at least, in use or not: those of the versions and machines' states that are worked with in turn. */
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
      const runs = await Promise.all(
        dead.map(async (run) => orKept(`run ${run.id}`, signal, async () => sweepRun(home, run))),
      );
      return together([...slots, ...runs, ...(await sweepProjects(home)), ...(await sweepCaches(home))]);
    } finally {
      for (const { lock } of dead) lock.release();
    }
  };
  // One at a time: whoever asks for a sweep may rely on what another one has begun.
  return withLock(path.join(home, 'sweep.lock'), action, signal);
}

/** One thing that cannot be removed keeps none of the others, and no later run, from theirs. */
async function orKept(what: string, signal: AbortSignal | undefined, work: () => Promise<Swept>): Promise<Swept> {
  try {
    return await work();
  } catch (error) {
    signal?.throwIfAborted();
    return { removed: [], kept: [`${what}: ${String(error)}`] };
  }
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

async function sweepSlots(home: string, signal: AbortSignal | undefined): Promise<Swept[]> {
  const numbers = await existingSlots(home);
  return Promise.all(
    numbers.map(async (number) =>
      orKept(`private host ${number}`, signal, async () => {
        const slot = tryAcquire(home, number);
        if (!slot) return removed([]);
        if (await isOccupied(slot.folder)) {
          await clearSlot(home, slot, signal);
          return removed([`private host ${number}`]);
        }
        slot.lock.release();
        return removed([]);
      }),
    ),
  );
}

function removed(names: readonly string[]): Swept {
  return { removed: names, kept: [] };
}

/** The folder of a run stays until nothing of it is left on the engine that it worked on: only its journal tells where that is. */
async function sweepRun(home: string, { id, folder }: DeadRun): Promise<Swept> {
  const entries = await readJournal(path.join(folder, 'journal.jsonl'));
  const engines = new Set(entries.flatMap((entry) => (entry.kind === 'engine' ? [entry.endpoint] : [])));
  const onEngines = together(
    await Promise.all([...engines].map(async (endpoint) => sweepEngine(endpoint, id, entries))),
  );
  if (onEngines.kept.length > 0)
    return { removed: onEngines.removed, kept: onEngines.kept.map((what) => `run ${id}: ${what}`) };
  const others = await Promise.all(entries.map(removeJournalled));
  await rm(path.join(home, 'projects', id), { recursive: true, force: true });
  await rm(folder, { recursive: true, force: true });
  return { removed: [...onEngines.removed, ...others.flat(), `run ${id}`], kept: [] };
}

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
async function sweepProjects(home: string): Promise<Swept[]> {
  const names = await namesIn(path.join(home, 'projects'));
  // Looked at after them: a run is there before its project.
  const runs = new Set(await namesIn(runsFolder(home)));
  const left = names.filter((name) => !runs.has(name));
  return Promise.all(
    left.map(async (name) =>
      orKept(`project ${name}`, undefined, async () => {
        await rm(path.join(home, 'projects', name), { recursive: true, force: true });
        return removed([`project ${name}`]);
      }),
    ),
  );
}

/** @throws Error for a folder that is there and cannot be read: of what it holds nothing is known */
async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}

async function sweepCaches(home: string): Promise<Swept[]> {
  const caches = {
    runs: async () => sweepUnfinished(runsFolder(home), RUNS_LOCK),
    base: async () => sweepUnfinished(basesFolder(home), BASES_LOCK),
    toolbox: async () => sweepCache(toolboxesFolder(home), TOOLBOXES_KEPT),
  };
  return Promise.all(
    Object.entries(caches).map(async ([folder, work]) =>
      orKept(`${folder}/`, undefined, async () => removed((await work()).map((name) => `${folder}/${name}`))),
    ),
  );
}

async function removeJournalled(entry: JournalEntry): Promise<string[]> {
  if (entry.kind === 'process') return (await killForGood(entry, entry.mark)) ? [`process ${entry.pid}`] : [];
  if (entry.kind !== 'folder') return [];
  await rm(entry.path, { recursive: true, force: true });
  return [`folder ${entry.path}`];
}
