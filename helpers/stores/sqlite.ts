import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Marker, ReadRow } from '../verdict/model.ts';
import type { OwnGroup } from '../verdict/own-data.ts';
import { digestOf, OWN_LIMIT } from './own.ts';
import type { DriverContext, Integrity, OpenStore, StoreDefinition } from './store.ts';

/** How long to wait for the app's own transactions. */
const BUSY_TIMEOUT_MS = 5000;

/** Errors after which SQLite has certainly kept nothing of the statement. */
const REFUSALS = [
  'SQLITE_READONLY',
  'SQLITE_CANTOPEN',
  'SQLITE_FULL',
  'SQLITE_BUSY',
  'SQLITE_CONSTRAINT',
  'SQLITE_PERM',
];

/** Markers in a table of their own, in the database file of the app. */
export async function open(
  definition: StoreDefinition & { kind: 'sqlite' },
  context: DriverContext,
): Promise<OpenStore> {
  return new SqliteStore(definition.path, context);
}

class SqliteStore implements OpenStore {
  readonly #path: string;
  readonly #context: DriverContext;
  #database: Database.Database | undefined;
  #insert: Database.Transaction<(markers: readonly Marker[]) => void> | undefined;

  constructor(path: string, context: DriverContext) {
    this.#path = path;
    this.#context = context;
  }

  async write(marker: Marker): Promise<boolean> {
    return this.writeAll([marker]);
  }

  async writeAll(markers: readonly Marker[]): Promise<boolean> {
    return this.#asOwner(() => {
      try {
        this.#inserter().immediate(markers);
        return true;
      } catch (error) {
        if (isRefusal(error)) return false;
        throw error;
      }
    });
  }

  async remove({ id }: Marker): Promise<boolean> {
    return this.#asOwner(() => {
      try {
        this.#open().prepare('DELETE FROM outlast_markers WHERE id = ?').run(id);
        return true;
      } catch (error) {
        if (isRefusal(error)) return false;
        throw error;
      }
    });
  }

  async read(): Promise<ReadRow[]> {
    return this.#look([], (database) => {
      if (!hasTable(database)) return [];
      return database.prepare<[], ReadRow>(`SELECT id, payload FROM outlast_markers WHERE id LIKE 'o-%'`).all();
    });
  }

  async own(): Promise<OwnGroup[]> {
    return this.#look([], (database) => {
      const tables = database.prepare<[], { name: string }>(TABLES).all();
      return tables.map(({ name }) => tableOf(database, name));
    });
  }

  async integrity(): Promise<Integrity> {
    try {
      return this.#look({ ok: true, detail: 'no database yet' }, (database) => {
        const found = database.pragma('integrity_check') as { integrity_check: string }[];
        const detail = found.map((row) => row.integrity_check).join('\n');
        return { ok: detail === 'ok', detail };
      });
    } catch (error) {
      if (isDamage(error)) return { ok: false, detail: String(error) };
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#asOwner(() => this.#database?.close());
  }

  /** Looks into the database; where even its owner cannot, into a copy. */
  #look<T>(absent: T, look: (database: Database.Database) => T): T {
    if (!existsSync(this.#path)) return absent;
    try {
      return this.#asOwner(() => look(this.#open()));
    } catch (error) {
      // The folder is not his, or a sidecar is another's.
      if (!isShutOut(error)) throw error;
      return lookIntoCopy(this.#path, look);
    }
  }

  /** SQLite makes and removes files beside the database at every step, so each step runs as the owner. */
  #asOwner<T>(run: () => T): T {
    return this.#context.asOwner(this.#path, run);
  }

  #open(): Database.Database {
    if (this.#database) return this.#database;
    const database = new Database(this.#path, { timeout: BUSY_TIMEOUT_MS });
    // What is acknowledged must be on disk; the journal mode stays the app's.
    database.pragma('synchronous = FULL');
    this.#database = database;
    return database;
  }

  #inserter(): Database.Transaction<(markers: readonly Marker[]) => void> {
    if (this.#insert) return this.#insert;
    const database = this.#open();
    database.exec(
      'CREATE TABLE IF NOT EXISTS outlast_markers (id TEXT PRIMARY KEY, payload TEXT NOT NULL, hash TEXT NOT NULL)',
    );
    const insert = database.prepare('INSERT INTO outlast_markers (id, payload, hash) VALUES (@id, @payload, @hash)');
    this.#insert = database.transaction((markers) => {
      for (const marker of markers) insert.run(marker);
    });
    return this.#insert;
  }
}

/** Reading takes write access to a folder in WAL mode. A copy in memory leaves the original, its sidecars and its owners alone. */
function lookIntoCopy<T>(path: string, look: (database: Database.Database) => T): T {
  const folder = mkdtempSync('/dev/shm/outlast-');
  try {
    const copy = join(folder, 'copy');
    for (const sidecar of ['', '-wal', '-journal']) {
      if (existsSync(`${path}${sidecar}`)) copyFileSync(`${path}${sidecar}`, `${copy}${sidecar}`);
    }
    const database = new Database(copy);
    try {
      return look(database);
    } finally {
      database.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function isShutOut(error: unknown): boolean {
  return error instanceof Database.SqliteError && /^SQLITE_(CANTOPEN|READONLY|PERM|AUTH)/.test(error.code);
}

function hasTable(database: Database.Database): boolean {
  return (
    database.prepare(`SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'outlast_markers'`).get() !==
    undefined
  );
}

/** Virtual tables keep what they hold in tables of their own, and in no order that lasts. */
const TABLES = `
  SELECT name FROM pragma_table_list
  WHERE schema = 'main' AND type = 'table' AND name <> 'outlast_markers' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'`;

function tableOf(database: Database.Database, table: string): OwnGroup {
  const name = `"${table.replaceAll('"', '""')}"`;
  const group = { name: `table ${table}`, unit: 'rows' as const };
  const keys = database
    .prepare<[string], { name: string }>('SELECT name FROM pragma_table_info(?) WHERE pk > 0')
    .all(table);
  const count = database.prepare<[], number>(`SELECT count(*) FROM ${name}`).pluck().get() ?? 0;
  if (keys.length === 0 || count > OWN_LIMIT) return { ...group, count, entries: null };
  const rows = database.prepare<[], Record<string, unknown>>(`SELECT * FROM ${name}`).safeIntegers().all();
  const entries = rows.map((row): [string, string] => [
    digestOf(keys.map((key) => row[key.name])),
    digestOf(Object.values(row)),
  ]);
  return { ...group, count: entries.length, entries };
}

function isRefusal(error: unknown): boolean {
  return error instanceof Database.SqliteError && REFUSALS.some((code) => error.code.startsWith(code));
}

function isDamage(error: unknown): boolean {
  return error instanceof Database.SqliteError && /^SQLITE_(CORRUPT|NOTADB|IOERR|ERROR|CANTOPEN)/.test(error.code);
}
