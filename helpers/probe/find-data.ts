import { closeSync, type Dirent, openSync, readdirSync, readFileSync, readlinkSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileId, openFiles } from './open-files.ts';

/** What is recognised below a place. Absolute paths, as the container sees them. */
export interface FoundData {
  /** Database files, by their header: below the places, and wherever else a process has one open for writing. */
  readonly sqlite: readonly FoundDatabase[];
  /** Repositories, by their shape: a bare one itself, else the folder of its `.git`. */
  readonly git: readonly string[];
  /** Database servers that run, and where each keeps its data. */
  readonly servers: readonly FoundServer[];
  /** Of the paths that were added: files that hold something. */
  readonly files: readonly string[];
  /** More was there than is looked at. */
  readonly truncated: boolean;
}

export interface FoundDatabase {
  readonly path: string;
  /** Has a process of the container opened it? `null`: not every process could be looked into. */
  readonly open: boolean | null;
}

interface FoundServer {
  readonly program: (typeof SERVERS)[number];
  readonly folder: string;
}

/** The first bytes of every database file; see https://www.sqlite.org/fileformat.html. */
const SQLITE_HEADER = Buffer.from('SQLite format 3\0');
/** Programs of servers that make the folder of their data their working directory. */
const SERVERS = ['postgres', 'mariadbd', 'mysqld', 'redis-server', 'valkey-server'] as const;
const MAX_DEPTH = 8;
const MAX_ENTRIES = 20_000;

/** Looks through folders and files, each on its own filesystem alone, and at what runs. */
export function findData(places: readonly string[], added: readonly string[] = []): FoundData {
  const search = new Search();
  for (const place of places) search.visit(place);
  const { holds, written, complete } = openFiles();
  const elsewhere = written.filter((path) => !search.sqlite.includes(path) && isDatabase(path));
  const isOpen = (path: string): boolean => {
    const found = statSync(path, { throwIfNoEntry: false });
    return found !== undefined && holds.has(fileId(found));
  };
  return {
    sqlite: [...search.sqlite, ...elsewhere].map((path) => ({ path, open: isOpen(path) || (complete ? false : null) })),
    git: search.git,
    servers: findServers(),
    files: added.filter(holdsSomething),
    truncated: search.left < 0,
  };
}

function holdsSomething(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found?.isFile() === true && found.size > 0;
}

class Search {
  readonly sqlite: string[] = [];
  readonly git: string[] = [];
  left = MAX_ENTRIES;

  visit(place: string): void {
    const found = statSync(place, { throwIfNoEntry: false });
    if (found?.isDirectory()) this.#folder(place, found.dev, 0);
    else if (found?.isFile() && isDatabase(place)) this.sqlite.push(place);
  }

  #folder(folder: string, device: number, depth: number): void {
    const entries = entriesOf(folder);
    const names = new Set(entries.map(({ name }) => name));
    if (names.has('.git')) this.git.push(folder);
    if (isRepository(names)) {
      if (!folder.endsWith('/.git')) this.git.push(folder);
      return;
    }
    if (depth === MAX_DEPTH) return;
    for (const entry of entries) {
      if (--this.left < 0) return;
      const path = join(folder, entry.name);
      if (entry.isFile() && isDatabase(path)) this.sqlite.push(path);
      else if (entry.isDirectory() && statSync(path, { throwIfNoEntry: false })?.dev === device)
        this.#folder(path, device, depth + 1);
    }
  }
}

/** By what a folder holds: a bare repository, or what lies in `.git`. */
export function isRepository(names: ReadonlySet<string>): boolean {
  return ['HEAD', 'objects', 'refs'].every((name) => names.has(name));
}

/** By its header, not by its name. */
export function isDatabase(path: string): boolean {
  const head = Buffer.alloc(SQLITE_HEADER.length);
  try {
    const file = openSync(path, 'r');
    try {
      readSync(file, head, 0, head.length, 0);
    } finally {
      closeSync(file);
    }
  } catch {
    // It went away meanwhile.
    return false;
  }
  return head.equals(SQLITE_HEADER);
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return [];
  }
}

function findServers(): FoundServer[] {
  const found = new Map<string, FoundServer>();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const comm = readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
      const program = SERVERS.find((name) => name === comm);
      if (program === undefined) continue;
      const folder = readlinkSync(`/proc/${pid}/cwd`);
      found.set(`${program} ${folder}`, { program, folder });
    } catch {
      // It ended meanwhile.
    }
  }
  return [...found.values()];
}
