import { describe } from 'vitest';
import { test } from '../fixtures/outlast.ts';
import { DISRUPTIONS } from '../helpers/disruptions/catalogue.ts';
import { needsBackup } from '../helpers/scenario/matrix.ts';

describe('a disruption that does nothing', () => {
  test('is unknown, never survived', async ({ bringUp, expect }) => {
    const { matrix: plain } = await bringUp('no-restart-policy');
    const { matrix: bound } = await bringUp('silent-fallback');
    // What needs a backup has a control of its own: restore.spec.ts.
    for (const disruption of DISRUPTIONS.filter((one) => !needsBackup(one))) {
      const matrix = disruption.needs === 'bind' ? bound : plain;
      const cells = await matrix.run({ ...disruption, inject: async () => [] });
      expect(
        cells.map(({ outcome, reason }) => ({ outcome, reason })),
        disruption.id,
      ).toEqual([{ outcome: 'unknown', reason: 'not-proven' }]);
    }
  });
});
