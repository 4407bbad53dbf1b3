import { createHash } from 'node:crypto';
import { readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { dir } from 'tmp-promise';
import { describe } from 'vitest';
import { test as base } from '../fixtures/outlast.ts';
import { backupConfig } from '../fixtures/stacks.ts';
import { restore } from '../helpers/disruptions/restore.ts';
import type { CellRecord } from '../helpers/scenario/record.ts';

const textOf = ({ evidence }: CellRecord) => evidence.map(({ text }) => text).join('\n');

const test = base.extend('existing', async ({ bringUp, task }, { onCleanup }) => {
  const { path: folder, cleanup } = await dir({ prefix: 'outlast-existing-', unsafeCleanup: true });
  onCleanup(async () => cleanup());
  /** Restores a backup that is older than the run. */
  return async (make: (file: string) => Promise<void>): Promise<{ cell: CellRecord; kept: boolean }> => {
    const file = join(folder, 'db-20260101T000000000Z.sqlite');
    await make(file);
    const config = join(folder, 'outlast.yaml');
    await writeFile(
      config,
      `stores: [{ id: db, kind: sqlite, service: app, path: /app/dev_assets/db.sqlite }]
backup:
  stores: [db]
  file: ./db-20260101T000000000Z.sqlite
  folder: /backups
  restore: { run: backup, command: [node, backup/restore.ts, latest], depends_on: [init] }
`,
    );
    const hash = async () =>
      createHash('sha256')
        .update(await readFile(file))
        .digest('hex');
    const before = await hash();
    const { matrix } = await bringUp('reference', config);
    const [cell] = await matrix.run(restore);
    if (!cell) throw new Error('The configuration has no store.');
    task.meta.persistence = {};
    return { cell, kept: (await hash()) === before };
  };
});

/** A database as an older run of the reference stack may have left it. */
async function oldBackup(file: string, schema = 2): Promise<void> {
  const database = new Database(file);
  for (const name of ['0001-projects.sql', '0002-tasks.sql'])
    database.exec(await readFile(new URL(`../compose/app/migrations/${name}`, import.meta.url), 'utf8'));
  database.exec(`CREATE TABLE schema_migrations (
    version INTEGER PRIMARY KEY, file TEXT NOT NULL, applied_at TEXT NOT NULL) STRICT`);
  const insert = database.prepare(`INSERT INTO schema_migrations VALUES (?, '', '')`);
  for (let version = 1; version <= schema; version++) insert.run(version);
  database.close();
}

describe('restore', () => {
  test('the database comes back into an empty place as it was when the backup began', async ({ survey, expect }) => {
    const cells = await survey(restore);
    expect(cells.map(({ store, status, outcome, reason }) => ({ store, status, outcome, reason }))).toEqual([
      { store: 'projects', status: 'ran', outcome: 'survived', reason: null },
      { store: 'db', status: 'ran', outcome: 'survived', reason: null },
      ...['assets', 'repos', 'repo-files'].map((store) => ({
        store,
        status: 'not-applicable',
        outcome: 'unknown',
        reason: 'not-in-backup',
      })),
    ]);
    const database = cells[1] as CellRecord;
    expect(database.intact).toBe(database.acknowledged);
    expect(database.acknowledged).toBeGreaterThanOrEqual(10);
    expect(textOf(database)).toMatch(/\b\d+ before, [1-9]\d* during, \d\d+ after, 3 deleted, 10 decoy/);
    expect(textOf(database)).toMatch(/sha256 [0-9a-f]{64}/);
    expect(database.proof.changed).toEqual(expect.arrayContaining(['app container', 'outlast-reference_app network']));
  });

  test('a backup goes through stdout and stdin, byte for byte', async ({ bringUp, expect, task }) => {
    const { matrix } = await bringUp('reference', backupConfig('sound', 'through-pipes'));
    const cells = await matrix.run(restore);
    task.meta.persistence = {};
    expect(cells.map(({ outcome }) => outcome)).toEqual(['survived']);
  });

  test('a volume goes through tar, once the service that hands it over has done its work', async ({
    bringUp,
    expect,
    task,
  }) => {
    const { matrix } = await bringUp('slow-init');
    const [cell] = await matrix.run(restore);
    task.meta.persistence = {};
    expect(cell, cell && textOf(cell)).toMatchObject({ outcome: 'survived', reason: null });
    expect(cell && textOf(cell)).toContain('3 deleted');
    expect(cell?.proof.changed).toContain('slow-init_data volume');
  });

  test.for([
    ['copy-without-wal', 'lost', 'rows-missing'],
    ['leaves-the-wal', 'stale', 'decoy-restored'],
    ['living-files', 'stale', 'decoy-restored'],
    ['restores-nothing', 'lost', 'rows-missing'],
    ['takes-nothing', 'lost', 'rows-missing'],
    ['takes-an-empty-file', 'lost', 'rows-missing'],
    ['restores-under-the-app', 'lost', 'restore-failed'],
    ['fails', 'unknown', 'backup-failed'],
  ] as const)('control: a backup that %s', async ([backup, outcome, reason], { misrestore, expect }) => {
    const cell = await misrestore(backup, restore, outcome);
    expect(cell, textOf(cell)).toMatchObject({ outcome, reason, ok: false });
  });

  test('control: a source that was not destroyed is no proof', async ({ bringUp, expect, task }) => {
    const { matrix } = await bringUp('reference');
    const [, cell] = await matrix.run({ ...restore, inject: async () => [] });
    task.meta.persistence = {
      controls: [
        {
          id: 'reference/restore-without-a-disaster',
          expected: 'not ok',
          outcome: cell?.outcome ?? 'none',
          caught: cell?.ok === false,
          reason: cell?.reason ?? null,
        },
      ],
    };
    expect(cell).toMatchObject({ ok: false });
    expect(cell && textOf(cell)).toContain('not proven: app container was not removed');
  });

  test('an existing backup is restored, and vouches for nothing', async ({ existing, expect }) => {
    const { cell, kept } = await existing(oldBackup);
    expect(cell, textOf(cell)).toMatchObject({
      data: 'unknown',
      reason: 'nothing-to-compare',
      service: 'up',
      ok: false,
    });
    expect(textOf(cell)).toContain('ok: ok');
    expect(kept).toBe(true);
  });

  test('an existing backup that is cut short is refused, and kept', async ({ existing, expect }) => {
    const { cell, kept } = await existing(async (file) => {
      await oldBackup(file);
      await truncate(file, 6000);
    });
    expect(cell, textOf(cell)).toMatchObject({ reason: 'restore-failed', ok: false });
    expect(textOf(cell)).toContain('→ exit 1');
    expect(kept).toBe(true);
  });

  test('an existing backup of a newer schema is refused, and kept', async ({ existing, expect }) => {
    const { cell, kept } = await existing(async (file) => oldBackup(file, 99));
    expect(cell, textOf(cell)).toMatchObject({ reason: 'restore-failed', ok: false });
    expect(textOf(cell)).toContain('schema 99');
    expect(kept).toBe(true);
  });
});
