import { describe } from 'vitest';
import { test } from '../fixtures/outlast.ts';
import { downUp } from '../helpers/disruptions/down-up.ts';

describe('down-up', () => {
  test('every store of the reference stack comes through with every row', async ({ survey, expect }) => {
    const cells = await survey(downUp);
    expect(cells.map(({ store, outcome, reason }) => ({ store, outcome, reason }))).toEqual(
      ['projects', 'db', 'assets', 'repos', 'repo-files'].map((store) => ({
        store,
        outcome: 'survived',
        reason: null,
      })),
    );
    for (const cell of cells) expect(cell.intact).toBe(cell.attempted);
  });

  test('control: data on a volume without a name is no longer seen', async ({ sabotage, expect }) => {
    const cell = await sabotage('anonymous-volume', downUp, 'hidden');
    expect(cell.outcome).toBe('hidden');
    expect(cell.ok).toBe(false);
  });
});
