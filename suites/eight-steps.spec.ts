import { describe } from 'vitest';
import { cellEvidence, note, ran, survivalShown, SUBSTITUTES } from '../fixtures/guide/evidence.ts';
import { guideSetup } from '../fixtures/guide/setups.ts';
import { test } from '../fixtures/outlast.ts';
import type { Said } from '../fixtures/workspace.ts';
import { downUp } from '../helpers/disruptions/down-up.ts';
import { rebuild } from '../helpers/disruptions/rebuild.ts';
import { recreate } from '../helpers/disruptions/recreate.ts';
import { restart } from '../helpers/disruptions/restart.ts';
import type { CellRecord } from '../helpers/scenario/record.ts';

const SELECT = `docker-compose exec app sh -c "sqlite3 /app/dev_assets/db.sqlite \\"SELECT * FROM projects WHERE name='Test Project'\\""`;

/** The guide's commands, in its order. */
const STEPS = [
  `docker-compose exec app sh -c "sqlite3 /app/dev_assets/db.sqlite \\"INSERT INTO projects (name) VALUES ('Test Project')\\""`,
  SELECT,
  'docker-compose restart app',
  SELECT,
  'docker-compose build app && docker-compose up -d app',
  SELECT,
  'docker-compose down && docker-compose up -d',
  SELECT,
];

describe('the eight steps by which a careful person tests persistence', () => {
  test('create, verify, restart, verify, rebuild, verify, down and up, verify: in order, on one stack', async ({
    bringUp,
    openWorkspace,
    claim,
    expect,
  }) => {
    // To the letter first: the guide's image has no `sqlite3`, so the steps run once without and once with it.
    const literal = [];
    for (const sqliteCli of [false, true]) {
      const workspace = await openWorkspace({ ...guideSetup('stack'), name: `guide-steps-${sqliteCli}`, sqliteCli });
      await workspace.ok('chown -R 1001:1001 dev_assets && docker-compose up -d --build');
      await workspace.ask('/api/health');
      const said: Said[] = [];
      for (const step of STEPS) said.push(await workspace.sh(step));
      literal.push({
        said,
        found: said.filter(({ command, stdout }) => command === SELECT && /Test Project/.test(stdout)),
      });
      await workspace.ok('docker-compose down --timeout 0');
    }
    const [without, withCli] = literal;

    const { matrix } = await bringUp('reference');
    const rows: number[] = [];
    const seen: CellRecord[] = [];
    for (const disruption of [restart, rebuild, downUp]) {
      const cells = await matrix.run(disruption);
      seen.push(...cells);
      rows.push(Math.min(...cells.map((cell) => cell.intact ?? 0)));
    }
    const [insert] = without?.said ?? [];
    claim('S6', { asWritten: without?.found.length === 4, withFix: survivalShown(seen).asWritten }, [
      SUBSTITUTES,
      ...(insert ? [ran(insert, 1)] : []),
      note("The guide's image has no sqlite3: no row is written, and each step that verifies finds none."),
      note(`With sqlite3 of Debian put in: the row is found after ${withCli?.found.length} of 4 steps.`),
      note('The reference stack, through the same steps by its API and without sqlite3:'),
      ...cellEvidence(seen),
    ]);
    expect(insert?.exitCode).not.toBe(0);
    expect([without, withCli].map((one) => one?.found.length)).toEqual([0, 4]);
    expect(seen).toSurvive();
    // What was written before the first step is read again after the last.
    expect(rows[2]).toBeGreaterThan(rows[1] ?? 0);
    expect(rows[1]).toBeGreaterThan(rows[0] ?? 0);
  });

  test("control: the container's own layer comes through the restart on borrowed time and is lost after it", async ({
    bringUp,
    control,
    expect,
  }) => {
    const { matrix } = await bringUp('container-layer');
    expect((await matrix.run(restart))[0]).toMatchObject({ outcome: 'survived', reason: 'borrowed-time' });
    const [cell] = await matrix.run(recreate);
    expect(control('container-layer/recreate', cell, { outcome: 'lost' })).toMatchObject({ reason: 'rows-missing' });
  });
});
