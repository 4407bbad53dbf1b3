import { describe } from 'vitest';
import { test } from '../fixtures/outlast.ts';
import { reboot } from '../helpers/disruptions/reboot.ts';

describe('reboot', () => {
  test('every store of the reference stack comes through with every row', async ({ survey, expect }) => {
    const cells = await survey(reboot);
    expect(cells.map(({ store, outcome, reason }) => ({ store, outcome, reason }))).toEqual(
      ['projects', 'db', 'assets', 'repos', 'repo-files'].map((store) => ({
        store,
        outcome: 'survived',
        reason: null,
      })),
    );
    for (const cell of cells) expect(cell.intact).toBe(cell.attempted);
  });

  test('control: a service without a restart policy stays down', async ({ sabotage, expect }) => {
    const cell = await sabotage('no-restart-policy', reboot, 'unavailable');
    expect(cell.outcome).toBe('unavailable');
    expect(cell.ok).toBe(false);
  });
});
