import { describe } from 'vitest';
import { test } from '../fixtures/outlast.ts';
import { restart } from '../helpers/disruptions/restart.ts';
import { uidMismatch } from '../helpers/disruptions/uid-mismatch.ts';
import type { Part } from '../helpers/stack/bind-owners.ts';
import type { Disruption } from '../helpers/disruptions/disruption.ts';

/** Writes by the app's own SQLite, as the app's user: to its database, and to one that is not there yet, as on a first run. */
const WRITE = `
  const Database = require('better-sqlite3');
  for (const [name, path] of [['there', process.env.DATABASE_PATH], ['new', '/app/dev_assets/new.sqlite']]) {
    try {
      new Database(path).exec('CREATE TABLE IF NOT EXISTS stranger (id)');
    } catch (error) {
      process.exitCode = 1;
      console.log(name + ': ' + error.message);
    }
  }`;

/** The disruption, with SQLite's word on it among its evidence: the service looks first and does not let it come so far. */
function withSqlite(disruption: Disruption): Disruption {
  return {
    ...disruption,
    async inject(context) {
      const steps = await disruption.inject(context);
      const args = ['run', '--rm', '--no-deps', '-T', '--entrypoint', 'node', 'app', '-e', WRITE];
      const { exitCode, stdout } = await context.stack.project.compose(args, context.signal);
      return [...steps, { command: 'two writes by the SQLite of the app', exitCode, output: stdout }];
    },
  };
}

const READ_ONLY = 'there: attempt to write a readonly database';
const CANNOT_OPEN = 'new: unable to open database file';

describe('uid-mismatch', { timeout: 300_000 }, () => {
  test.for([
    ['directory', [READ_ONLY, CANNOT_OPEN]],
    ['file', [READ_ONLY]],
    ['both', [READ_ONLY, CANNOT_OPEN]],
  ] as const)(
    'of the %s: the service fails in the open, no row is harmed, and all is well once the owners are back',
    async ([part, says]: readonly [Part, readonly string[]], { bringUp, handOver, expect }) => {
      const { matrix } = await bringUp('reference');
      const cells = await matrix.run(withSqlite(uidMismatch(part)));
      handOver({ cells });
      for (const cell of cells) {
        expect(cell, cell.store).toMatchObject({ status: 'ran', data: 'survived', ok: true, lost: 0, corrupt: 0 });
        expect(cell.intact, cell.store).toBe(cell.attempted);
      }
      const db = cells.find(({ store }) => store === 'db');
      expect(['unavailable', 'unwritable']).toContain(db?.outcome);
      expect(db?.proof.changed).toContain('./dev_assets owner');
      expect(db?.proof.before['app user']).toBe('1001:1001');
      const evidence = (db?.evidence ?? []).map(({ text }) => text).join('\n');
      for (const message of [READ_ONLY, CANNOT_OPEN])
        expect(evidence.includes(message), message).toBe(says.includes(message));
      expect(evidence).toContain('app runs as 1001:1001');
      expect(evidence).toContain('501:501');
      expect(evidence).toContain('cure: sudo chown -R 1001:1001 ./dev_assets');
      expect(evidence).toContain('loose cure: chmod 777 ./dev_assets && chmod 666 ./dev_assets/db.sqlite');

      const healed = await matrix.run(restart);
      expect(healed.map(({ outcome }) => outcome)).toEqual(healed.map(() => 'survived'));
      // The rows that were there before are read again: it is the same stack.
      for (const [at, cell] of healed.entries()) expect(cell.intact).toBeGreaterThan(cells[at]?.intact ?? Infinity);
    },
  );

  test('control: an app that goes on in another place is caught', async ({ sabotage, expect }) => {
    const cell = await sabotage('silent-fallback', uidMismatch('both'), 'lost');
    expect(cell).toMatchObject({ outcome: 'lost', reason: 'rows-missing', ok: false });
  });

  test('control: an app that ends and does not say why is no clear failure', async ({ sabotage, expect }) => {
    const cell = await sabotage('mute', uidMismatch('both'), 'unavailable');
    expect(cell).toMatchObject({ outcome: 'unavailable', data: 'survived', expected: ['survived'], ok: false });
  });

  test('control: owners that stay as they are prove nothing', async ({ bringUp, control, expect }) => {
    const { matrix } = await bringUp('silent-fallback');
    const [cell] = await matrix.run({ ...uidMismatch('both'), inject: async (context) => restart.inject(context) });
    control('silent-fallback/uid-mismatch-of-none', cell, { outcome: 'unknown', reason: 'not-proven' });
    expect(cell).toMatchObject({ outcome: 'unknown', reason: 'not-proven', ok: false });
  });

  test('means nothing to a service that has no folder of the host', async ({ bringUp, expect, task }) => {
    // Another stack than that of the report.
    task.meta.persistence = {};
    const { matrix } = await bringUp('no-restart-policy');
    const [cell] = await matrix.run(uidMismatch('both'));
    expect(cell).toMatchObject({ status: 'not-applicable', reason: 'needs-bind', ok: true });
  });
});
