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
    removal TEXT,
    UNIQUE (store, id)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS mark (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    at INTEGER NOT NULL
  ) STRICT`;

interface Row {
  readonly id: string;
  readonly epoch: number;
  readonly seq: number;
  readonly payload: string;
  readonly hash: string;
  readonly end: WriteEnd;
  readonly attempted_at: number;
  readonly ended_at: number | null;
  readonly removal: WriteEnd | null;
}

/** What was attempted, and how it ended. Lies outside of the stack and outlives this process. */
export class Ledger implements Disposable {
  readonly #db: Database.Database;
  readonly #now: () => number;
  readonly #begin: Database.Statement;
  readonly #end: Database.Statement;
  readonly #remove: Database.Statement;
  readonly #mark: Database.Statement;
  readonly #attempts: Database.Statement<[string], Row>;

  /** Opens the ledger at `path`, or makes it. `now` gives whole milliseconds. */
  constructor(path: string, now: () => number) {
    this.#now = now;
    this.#db = new Database(path);
    this.#db.pragma('journal_mode = WAL');
    this.#db.pragma('synchronous = NORMAL');
    // 2 MB: it is written and read in one order.
    this.#db.pragma('cache_size = -2000');
    this.#db.exec(SCHEMA);
    this.#begin = this.#db.prepare(
      `INSERT INTO attempt (store, id, epoch, seq, payload, hash, end, attempted_at)
       VALUES (?, ?, ?, ?, ?, ?, 'indeterminate', ?)`,
    );
    this.#end = this.#db.prepare(
      'UPDATE attempt SET end = ?, ended_at = ? WHERE store = ? AND id = ? AND ended_at IS NULL',
    );
    this.#remove = this.#db.prepare(
      `UPDATE attempt SET removal = @removal WHERE store = @store AND id = @id AND removal IS @was`,
    );
    this.#mark = this.#db.prepare('INSERT INTO mark (name, at) VALUES (?, ?)');
    this.#attempts = this.#db.prepare<[string], Row>('SELECT * FROM attempt WHERE store = ? ORDER BY n');
  }

  /** Call before a write with all of its rows: until `end` is called they are `indeterminate`. @throws on a marker begun before, and begins none. */
  begin(store: string, markers: readonly Marker[]): void {
    const at = this.#now();
    this.#together(() => {
      for (const { id, epoch, seq, payload, hash } of markers)
        this.#begin.run(store, id, epoch, seq, payload, hash, at);
    });
  }

  /** Call once, after the store has answered. @throws on a marker never begun, or already ended, and ends none. */
  end(store: string, markers: readonly Marker[], end: Exclude<WriteEnd, 'indeterminate'>): void {
    const at = this.#now();
    this.#together(() => {
      for (const { id } of markers) {
        const { changes } = this.#end.run(end, at, store, id);
        if (changes !== 1) throw new RangeError(`No open attempt ${id} in store ${store}`);
      }
    });
  }

  #together(change: () => void): void {
    this.#db.transaction(change).immediate();
  }

  /** Call before the removal of a row that was attempted: until `endRemoval` is called it is `indeterminate`. @throws on one begun before. */
  beginRemoval(store: string, marker: Marker): void {
    this.#setRemoval(store, marker, null, 'indeterminate');
  }

  /** Call once, after the store has answered. @throws on a removal never begun, or already ended. */
  endRemoval(store: string, marker: Marker, end: Exclude<WriteEnd, 'indeterminate'>): void {
    this.#setRemoval(store, marker, 'indeterminate', end);
  }

  #setRemoval(store: string, { id }: Marker, was: WriteEnd | null, removal: WriteEnd): void {
    const { changes } = this.#remove.run({ store, id, was, removal });
    if (changes !== 1) throw new RangeError(`No such removal of ${id} in store ${store}`);
  }

  /** Notes a moment between the attempts. @returns it, on the clock of the attempts. */
  mark(name: string): number {
    const at = this.#now();
    this.#mark.run(name, at);
    return at;
  }

  /** Every attempt on this store, of all epochs, in the order of writing. Nothing can be written until all were taken. */
  *attempts(store: string): Generator<Attempt, void, undefined> {
    for (const row of this.#attempts.iterate(store)) {
      const { id, epoch, seq, payload, hash, end, removal } = row;
      yield {
        store,
        marker: { id, epoch, seq, payload, hash },
        end,
        attemptedAt: row.attempted_at,
        endedAt: row.ended_at,
        ...(removal === null ? {} : { removal }),
      };
    }
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }
}
