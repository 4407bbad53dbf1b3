import { describe } from 'vitest';
import { test } from '../fixtures/outlast.ts';
import { downUp } from '../helpers/disruptions/down-up.ts';
import { rebuild } from '../helpers/disruptions/rebuild.ts';
import { recreate } from '../helpers/disruptions/recreate.ts';
import { restart } from '../helpers/disruptions/restart.ts';

describe('the eight steps by which a careful person tests persistence', () => {
  test('create, verify, restart, verify, rebuild, verify, down and up, verify: in order, on one stack', async ({
    bringUp,
    expect,
  }) => {
    const { matrix } = await bringUp('reference');
    const rows: number[] = [];
    for (const disruption of [restart, rebuild, downUp]) {
      const cells = await matrix.run(disruption);
      expect(
        cells.map((cell) => cell.outcome),
        disruption.id,
      ).toEqual(cells.map(() => 'survived'));
      rows.push(Math.min(...cells.map((cell) => cell.intact ?? 0)));
    }
    // What was written before the first step is read again after the last.
    expect(rows[2]).toBeGreaterThan(rows[1] ?? 0);
    expect(rows[1]).toBeGreaterThan(rows[0] ?? 0);
  });

  test("control: the container's own layer comes through the restart on borrowed time and is lost after it", async ({
    bringUp,
    expect,
  }) => {
    const { matrix } = await bringUp('container-layer');
    expect((await matrix.run(restart))[0]).toMatchObject({ outcome: 'survived', reason: 'borrowed-time' });
    expect((await matrix.run(recreate))[0]).toMatchObject({ outcome: 'lost', reason: 'rows-missing' });
  });
});
