import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { hashOf } from '../verdict/marker.ts';
import type { Marker, ReadRow } from '../verdict/model.ts';
import type { OwnGroup } from '../verdict/own-data.ts';
import { ownFiles } from './own-files.ts';
import { isRefusal } from './refusal.ts';
import type { DriverContext, Integrity, OpenStore, StoreDefinition } from './store.ts';

/** A file for each marker, in a folder `outlast-markers` of the place. */
export async function open(
  definition: StoreDefinition & { kind: 'files' },
  context: DriverContext,
): Promise<OpenStore> {
  return new FilesStore(definition.path, context);
}

class FilesStore implements OpenStore {
  readonly #place: string;
  readonly #folder: string;
  readonly #context: DriverContext;
  #made = false;

  constructor(place: string, context: DriverContext) {
    this.#place = place;
    this.#folder = join(place, 'outlast-markers');
    this.#context = context;
  }

  async write(marker: Marker): Promise<boolean> {
    return this.#asOwner(() => {
      const file = join(this.#folder, marker.id);
      const unfinished = join(this.#folder, `.unfinished-${marker.id}`);
      try {
        if (!this.#made) makeFolder(this.#folder);
        this.#made = true;
        writeSynced(unfinished, JSON.stringify({ payload: marker.payload, hash: marker.hash }));
        renameSync(unfinished, file);
      } catch (error) {
        // Under its own name the marker has never existed.
        tryRemove(unfinished);
        if (isRefusal(error)) return false;
        throw error;
      }
      syncFolder(this.#folder);
      return true;
    });
  }

  async remove({ id }: Marker): Promise<boolean> {
    return this.#asOwner(() => {
      try {
        rmSync(join(this.#folder, id));
      } catch (error) {
        if (isRefusal(error)) return false;
        throw error;
      }
      syncFolder(this.#folder);
      return true;
    });
  }

  async read(): Promise<ReadRow[]> {
    return this.#asOwner(() =>
      this.#names().map((id) => {
        const text = readFileSync(join(this.#folder, id), 'utf8');
        // What cannot be understood is handed on as it is: changed, not missing.
        return { id, payload: parse(text)?.payload ?? text };
      }),
    );
  }

  async own(): Promise<OwnGroup[]> {
    return ownFiles(this.#place);
  }

  async integrity(): Promise<Integrity> {
    return this.#asOwner(() => {
      const names = this.#names();
      const broken = names.filter((id) => {
        const content = parse(readFileSync(join(this.#folder, id), 'utf8'));
        return content === undefined || hashOf({ id, payload: content.payload }) !== content.hash;
      });
      const detail = `${names.length - broken.length} of ${names.length} files are sound`;
      return { ok: broken.length === 0, detail: [detail, ...broken.slice(0, 10)].join('\n') };
    });
  }

  async close(): Promise<void> {}

  #names(): string[] {
    try {
      return readdirSync(this.#folder).filter((name) => name.startsWith('o-'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  #asOwner<T>(run: () => T): T {
    return this.#context.asOwner(this.#folder, run);
  }
}

/** Makes a folder with its parents and syncs the name of each that is new. */
export function makeFolder(folder: string): void {
  const first = mkdirSync(folder, { recursive: true });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) syncFolder(dirname(made));
}

function writeSynced(file: string, text: string): void {
  const handle = openSync(file, 'w', 0o644);
  try {
    const bytes = Buffer.from(text);
    for (let written = 0; written < bytes.length;) written += writeSync(handle, bytes, written);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function syncFolder(folder: string): void {
  let handle: number;
  try {
    handle = openSync(folder, 'r');
  } catch (error) {
    // A folder one may write to but not list cannot be opened, nor synced.
    if ((error as NodeJS.ErrnoException).code === 'EACCES') return;
    throw error;
  }
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function tryRemove(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // It is not read, and a folder that refuses writes refuses this as well.
  }
}

function parse(text: string): { payload: string; hash: string } | undefined {
  try {
    const content = JSON.parse(text) as { payload?: unknown; hash?: unknown } | null;
    if (typeof content?.payload === 'string' && typeof content.hash === 'string') {
      return { payload: content.payload, hash: content.hash };
    }
  } catch {
    // Not JSON: falls through.
  }
  return undefined;
}
