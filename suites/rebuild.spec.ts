import { describe } from 'vitest';
import { test } from '../fixtures/outlast.ts';
import { rebuild } from '../helpers/disruptions/rebuild.ts';

describe('rebuild', () => {
  test('every store of the reference stack comes through with every row', async ({ survey, expect }) => {
    const cells = await survey(rebuild);
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
    const cell = await sabotage('container-layer', rebuild, 'lost');
    expect(cell.outcome).toBe('lost');
    expect(cell.ok).toBe(false);
  });
});
