import { describe } from 'vitest';
import { test } from '../fixtures/outlast.ts';
import { recreate } from '../helpers/disruptions/recreate.ts';

describe('recreate', () => {
  test('every store of the reference stack comes through with every row', async ({ survey, expect }) => {
    const cells = await survey(recreate);
    expect(cells.map(({ store, outcome, reason }) => ({ store, outcome, reason }))).toEqual(
      ['projects', 'db', 'assets', 'repos', 'repo-files'].map((store) => ({
        store,
        outcome: 'survived',
        reason: null,
      })),
    );
    for (const cell of cells) expect(cell.intact).toBe(cell.attempted);
  });

  test("control: data in the container's own layer is lost", async ({ sabotage, expect }) => {
    const cell = await sabotage('container-layer', recreate, 'lost');
    expect(cell.outcome).toBe('lost');
    expect(cell.ok).toBe(false);
  });
});
