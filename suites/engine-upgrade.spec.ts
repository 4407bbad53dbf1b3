import { describe } from 'vitest';
import { cellEvidence, survivalShown } from '../fixtures/guide/evidence.ts';
import { test } from '../fixtures/outlast.ts';
import { engineUpgrade } from '../helpers/disruptions/engine-upgrade.ts';
import { reboot } from '../helpers/disruptions/reboot.ts';
import { isNewer } from '../helpers/host/engine/version-order.ts';
import type { CellRecord } from '../helpers/scenario/record.ts';

/** What the evidence says of each step up: versions as the engines report them. */
function hopsOf({ evidence }: CellRecord): { from: string; to: string; text: string }[] {
  return evidence.flatMap(({ text }) => {
    const [, from, to] = /^(\S+) → (\S+): /.exec(text) ?? [];
    return from === undefined || to === undefined ? [] : [{ from, to, text }];
  });
}

describe('engine-upgrade', { timeout: 300_000 }, () => {
  test('every store of the reference stack comes through every engine with every row', async ({
    bringUp,
    claim,
    handOver,
    expect,
  }) => {
    const { session, matrix } = await bringUp('reference');
    const cells = await matrix.run(engineUpgrade);
    handOver({ ...(await session.record()), cells });
    const steps = cells[0]?.evidence.filter(({ text }) => text.includes(' → ')) ?? [];
    claim('S5', survivalShown(cells), [...cellEvidence(cells), ...steps]);
    expect(cells.map(({ store, outcome, reason }) => ({ store, outcome, reason }))).toEqual(
      ['projects', 'db', 'assets', 'repos', 'repo-files'].map((store) => ({
        store,
        outcome: 'survived',
        reason: null,
      })),
    );
    for (const cell of cells) {
      expect(cell.intact).toBe(cell.attempted);
      const hops = hopsOf(cell);
      expect(hops).toHaveLength(2);
      for (const { from, to } of hops) expect(isNewer(to, from), `${to} after ${from}`).toBe(true);
      expect(hops[0]?.to).toBe(hops[1]?.from);
      expect(cell.proof.changed).toEqual(expect.arrayContaining(['host engine', 'host boot']));
      expect(cell.proof.unchanged).toEqual(
        expect.arrayContaining(['app container', 'app image', 'outlast-reference_repos_data volume']),
      );
      expect(cell.evidence.filter(({ text }) => text.startsWith('a step back, not judged: '))).toHaveLength(1);
    }
  });

  test("the container's own layer comes along, on borrowed time", async ({ bringUp, control, expect }) => {
    const { matrix } = await bringUp('container-layer');
    const [cell] = await matrix.run(engineUpgrade);
    control('container-layer/engine-upgrade', cell, { outcome: 'survived', reason: 'borrowed-time' });
    expect(cell).toMatchObject({ outcome: 'survived', reason: 'borrowed-time' });
  });

  test('control: a service without a restart policy stays down', async ({ sabotage, expect }) => {
    const cell = await sabotage('no-restart-policy', engineUpgrade, 'unavailable');
    expect(cell).toMatchObject({ outcome: 'unavailable', data: 'survived', ok: false });
  });

  test('control: a boot of the same engine is no upgrade', async ({ bringUp, control, expect }) => {
    const { matrix } = await bringUp('container-layer');
    const [cell] = await matrix.run({ ...engineUpgrade, inject: async (context) => reboot.inject(context) });
    control('container-layer/engine-upgrade-of-none', cell, { outcome: 'unknown', reason: 'not-proven' });
    expect(cell).toMatchObject({ outcome: 'unknown', reason: 'not-proven', ok: false });
    expect(cell?.evidence.map(({ text }) => text)).toContain('not proven: host engine is not newer');
  });
});
