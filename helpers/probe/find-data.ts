import { closeSync, type Dirent, openSync, readdirSync, readFileSync, readlinkSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** What is recognised below a place. Absolute paths, as the container sees them. */
export interface FoundData {
  /** Database files, by their header. */
  readonly sqlite: readonly string[];
  /** Repositories, by their shape: a bare one itself, else the folder of its `.git`. */
  readonly git: readonly string[];
  /** Database servers that run, and where each keeps its data. */
  readonly servers: readonly FoundServer[];
  /** Of the paths that were added: files that hold something. */
  readonly files: readonly string[];
  /** More was there than is looked at. */
  readonly truncated: boolean;
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
  return {
    sqlite: search.sqlite,
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
    else if (found?.isFile()) this.#file(place);
  }

  #folder(folder: string, device: number, depth: number): void {
    const entries = entriesOf(folder);
    const names = new Set(entries.map(({ name }) => name));
    if (names.has('.git')) this.git.push(folder);
    if (['HEAD', 'objects', 'refs'].every((name) => names.has(name))) {
      if (!folder.endsWith('/.git')) this.git.push(folder);
      return;
    }
    if (depth === MAX_DEPTH) return;
    for (const entry of entries) {
      if (--this.left < 0) return;
      const path = join(folder, entry.name);
      if (entry.isFile()) this.#file(path);
      else if (entry.isDirectory() && statSync(path, { throwIfNoEntry: false })?.dev === device)
        this.#folder(path, device, depth + 1);
    }
  }

  #file(path: string): void {
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
      return;
    }
    if (head.equals(SQLITE_HEADER)) this.sqlite.push(path);
  }
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
