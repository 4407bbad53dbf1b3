import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type Database from 'better-sqlite3';
import type { Hono } from 'hono';
import { z } from 'zod';
import { createApi } from './api.ts';
import { createHealthCheck, openDatabase } from './database.ts';
import { describe, log } from './log.ts';
import { holdLock } from './lock.ts';
import { migrate, MigrationFailed, newestVersion } from './migrations.ts';
import { Repositories } from './repositories.ts';
import type { readPlaces } from './settings.ts';

const ConfigFile = z.object({ title: z.string() });

interface Open {
  database: Database.Database;
  lock: Disposable;
  checkHealth: () => void;
  api: Hono;
  title: string;
  schema: number;
}

/**
 * The app on its database: open, or closed for a reason. A closed one stays up to say so: an app that ends and is
 * started again and again has nobody to ask.
 */
export class Service {
  readonly #places: ReturnType<typeof readPlaces>;
  #open: Open | null = null;
  #reason: string | null = null;
  migrationFailure: MigrationFailed | null = null;

  constructor(places: ReturnType<typeof readPlaces>) {
    this.#places = places;
  }

  get open(): Omit<Open, 'database' | 'lock'> | null {
    return this.#open;
  }

  /** Why requests cannot be served; `null` when they can. Tries again to open what could not be opened before. */
  check(): string | null {
    if (this.#open === null) this.#tryToOpen();
    if (this.#open === null) return this.#reason;
    try {
      this.#open.checkHealth();
      return null;
    } catch (error) {
      return describe(error).message;
    }
  }

  /** Closing the last connection folds the WAL back into the database. */
  close(): void {
    this.#open?.database.close();
    this.#open?.lock[Symbol.dispose]();
    this.#open = null;
  }

  /** A migration that failed once fails again: that is for a person, and a restart. */
  #tryToOpen(): void {
    if (this.migrationFailure !== null) return;
    try {
      this.#open = this.#opened();
      this.#reason = null;
    } catch (error) {
      const { message } = describe(error);
      if (error instanceof MigrationFailed) {
        this.migrationFailure = error;
        log('error', 'migration-failed', { ...describe(error), copy: error.copy });
      } else if (message !== this.#reason) {
        log('error', 'open-failed', { ...describe(error) });
      }
      this.#reason = message;
    }
  }

  #opened(): Open {
    const { databasePath, reposDir, backupDir, migrationsDir } = this.#places;
    using closing = new DisposableStack();
    const lock = closing.use(holdLock(databasePath));
    const database = closing.adopt(openDatabase(databasePath), (opened) => void opened.close());
    const applied = migrate(database, migrationsDir, backupDir);
    const config: unknown = JSON.parse(readFileSync(join(dirname(databasePath), 'config.json'), 'utf8'));
    const open = {
      database,
      lock,
      checkHealth: createHealthCheck(databasePath),
      api: createApi(database, new Repositories(reposDir)),
      title: ConfigFile.parse(config).title,
      schema: newestVersion(migrationsDir),
    };
    log('info', 'schema-ready', { applied });
    closing.move();
    return open;
  }
}
