import Database from 'better-sqlite3';
import type { Attempt, Marker, WriteEnd } from './model.ts';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS attempt (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    store TEXT NOT NULL,
    id TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    payload TEXT NOT NULL,
    hash TEXT NOT NULL,
    end TEXT NOT NULL,
    attempted_at INTEGER NOT NULL,
    ended_at INTEGER,
    UNIQUE (store, id)
  ) STRICT`;

interface Row {
  readonly store: string;
  readonly id: string;
  readonly epoch: number;
  readonly seq: number;
  readonly payload: string;
  readonly hash: string;
  readonly end: WriteEnd;
  readonly attempted_at: number;
  readonly ended_at: number | null;
}

/** What was attempted, and how it ended. Lies outside of the stack and outlives this process. */
export class Ledger implements Disposable {
  readonly #db: Database.Database;
  readonly #now: () => number;
  readonly #begin: Database.Statement;
  readonly #end: Database.Statement;
  readonly #attempts: Database.Statement<[string], Row>;

  /** Opens the ledger at `path`, or makes it. `now` gives whole milliseconds. */
  constructor(path: string, now: () => number) {
    this.#now = now;
    this.#db = new Database(path);
    this.#db.pragma('journal_mode = WAL');
    this.#db.pragma('synchronous = NORMAL');
    this.#db.exec(SCHEMA);
    this.#begin = this.#db.prepare(
      `INSERT INTO attempt (store, id, epoch, seq, payload, hash, end, attempted_at)
       VALUES (?, ?, ?, ?, ?, ?, 'indeterminate', ?)`,
    );
    this.#end = this.#db.prepare(
      'UPDATE attempt SET end = ?, ended_at = ? WHERE store = ? AND id = ? AND ended_at IS NULL',
    );
    this.#attempts = this.#db.prepare<[string], Row>('SELECT * FROM attempt WHERE store = ? ORDER BY n');
  }

  /** Call before the write: until `end` is called the write is `indeterminate`. @throws on a marker begun before. */
  begin(store: string, marker: Marker): void {
    const { id, epoch, seq, payload, hash } = marker;
    this.#begin.run(store, id, epoch, seq, payload, hash, this.#now());
  }

  /** Call once, after the store has answered. @throws on a marker never begun, or already ended. */
  end(store: string, marker: Marker, end: Exclude<WriteEnd, 'indeterminate'>): void {
    const { changes } = this.#end.run(end, this.#now(), store, marker.id);
    if (changes !== 1) throw new RangeError(`No open attempt ${marker.id} in store ${store}`);
  }

  /** Every attempt on this store, of all epochs, in the order of writing. */
  attempts(store: string): Attempt[] {
    return this.#attempts.all(store).map(({ id, epoch, seq, payload, hash, ...row }) => ({
      store: row.store,
      marker: { id, epoch, seq, payload, hash },
      end: row.end,
      attemptedAt: row.attempted_at,
      endedAt: row.ended_at,
    }));
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }
}
