import { access, mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { homeKey, privateFolder } from '../home.ts';
import type { Toolchain } from './engine/engine.ts';
import { tryLock, type Lock } from './lock.ts';
import { RUN_FOLDER_PREFIX } from './run-folder.ts';
import { killForGood, type ProcessIdentity } from './process-identity.ts';

/** A place where one private host at a time lives: its world outlasts the host, as a machine's disk does. */
export interface Slot {
  readonly number: number;
  readonly folder: string;
  readonly lock: Lock;
}

/** What a host leaves on record while it lives, so that a sweep can end it. */
export interface Tenant {
  /** Ends with everything in the host's namespaces. */
  readonly init: ProcessIdentity | null;
  /** Folder of the sockets. */
  readonly runFolder: string;
  /** What it was booted from: the world is to be cleared by the same engine. */
  readonly toolchain: Toolchain;
}

/** How many worlds are kept before one of another engine version is emptied. */
const WORLDS_KEPT = 4;

/** The folder that all slots of a home are in. */
export function slotsFolder(home: string): string {
  return path.join(home, 'slots');
}

/** A free slot; first choice is one whose world this engine version made. */
export async function acquireSlot(home: string, engineVersion: string): Promise<Slot> {
  const slots = slotsFolder(home);
  await privateFolder(slots);
  const numbers = await existingSlots(home);
  for (const number of numbers) {
    const slot = tryAcquire(home, number);
    if (!slot) continue;
    const version = await readFile(path.join(slot.folder, 'engine'), 'utf8').catch(() => null);
    if (version === null || version === engineVersion) return prepare(slot, engineVersion);
    if (numbers.length >= WORLDS_KEPT) {
      await endTenant(slot.folder);
      await emptyWorld(slot.folder);
      return prepare(slot, engineVersion);
    }
    slot.lock.release();
  }
  for (let number = 0; ; number++) {
    if (numbers.includes(number)) continue;
    await mkdir(path.join(slots, String(number)), { recursive: true, mode: 0o700 });
    const slot = tryAcquire(home, number);
    if (slot) return prepare(slot, engineVersion);
  }
}

/** The slot if nobody holds it. */
export function tryAcquire(home: string, number: number): Slot | null {
  const folder = path.join(slotsFolder(home), String(number));
  const lock = tryLock(path.join(folder, 'lock'));
  return lock ? { number, folder, lock } : null;
}

/** Numbers of the slots that a home has. */
export async function existingSlots(home: string): Promise<number[]> {
  const names = await readdir(slotsFolder(home)).catch(() => []);
  return names
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .toSorted((a, b) => a - b);
}

async function prepare(slot: Slot, engineVersion: string): Promise<Slot> {
  await mkdir(path.join(slot.folder, 'world/docker'), { recursive: true, mode: 0o711 });
  await privateFolder(projectsOf(slot.folder));
  await writeFile(path.join(slot.folder, 'engine'), engineVersion);
  return slot;
}

/** Where shadow projects and their bind sources lie. */
export function projectsOf(slotFolder: string): string {
  return path.join(slotFolder, 'world/projects');
}

/** Takes everything from a slot's world: any engine may have it next. */
export async function emptyWorld(slotFolder: string): Promise<void> {
  await rm(path.join(slotFolder, 'world'), { recursive: true, force: true });
  await rm(path.join(slotFolder, 'engine'), { force: true });
}

/** Removes what lies in a folder, and keeps the folder. */
export async function emptyFolder(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  await Promise.all(names.map((name) => rm(path.join(folder, name), { recursive: true, force: true })));
}

/** The parent of all cgroups of a slot's containers, below each hierarchy. */
export function cgroupOf(slotFolder: string): string {
  const home = path.dirname(path.dirname(slotFolder));
  return `/outlast-${homeKey(home)}-${path.basename(slotFolder)}`;
}

/** Removes the slot's cgroups; they hold no process any more. */
export async function removeCgroups(slotFolder: string): Promise<void> {
  const root = '/sys/fs/cgroup';
  const name = cgroupOf(slotFolder);
  const hierarchies = ['', ...(await readdir(root).catch(() => []))];
  await Promise.all(hierarchies.map((hierarchy) => removeTree(path.join(root, hierarchy, name))));
}

async function removeTree(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => null);
  if (!entries) return;
  await Promise.all(
    entries.filter((entry) => entry.isDirectory()).map((entry) => removeTree(path.join(folder, entry.name))),
  );
  await rmdir(folder).catch(() => undefined);
}

const tenantFile = (slotFolder: string) => path.join(slotFolder, 'tenant.json');

/** Puts the slot's host on record, whole or not at all. */
export async function recordTenant(slotFolder: string, tenant: Tenant): Promise<void> {
  const fresh = `${tenantFile(slotFolder)}.new`;
  await writeFile(fresh, JSON.stringify(tenant));
  await rename(fresh, tenantFile(slotFolder));
}

/** Whether a host was here and did not leave in order. */
export async function isOccupied(slotFolder: string): Promise<boolean> {
  return access(tenantFile(slotFolder)).then(
    () => true,
    () => false,
  );
}

/** What the host on record was booted from. */
export async function tenantToolchain(slotFolder: string): Promise<Toolchain | null> {
  const text = await readFile(tenantFile(slotFolder), 'utf8').catch(() => '');
  return parseTenant(text)?.toolchain ?? null;
}

/** Takes the slot's host off the record, when nothing of it is left. */
export async function forgetTenant(slotFolder: string): Promise<void> {
  await rm(tenantFile(slotFolder), { force: true });
}

/** Ends a host that was left behind in a slot whose lock we hold: its processes and mounts, sockets and cgroups. Tells whether there was one. */
export async function endTenant(slotFolder: string): Promise<boolean> {
  const text = await readFile(tenantFile(slotFolder), 'utf8').catch(() => null);
  if (text === null) return false;
  const tenant = parseTenant(text);
  if (tenant?.init) await killForGood(tenant.init, slotFolder);
  if (tenant && path.basename(tenant.runFolder).startsWith(RUN_FOLDER_PREFIX))
    await rm(tenant.runFolder, { recursive: true, force: true });
  await removeCgroups(slotFolder);
  return true;
}

function parseTenant(text: string): Tenant | null {
  try {
    const tenant: Tenant = JSON.parse(text);
    return tenant;
  } catch {
    return null;
  }
}
