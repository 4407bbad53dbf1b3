import { describe } from 'vitest';
import { test } from '../fixtures/outlast.ts';
import { crash } from '../helpers/disruptions/crash.ts';

describe('crash', () => {
  test('every store of the reference stack comes through with every row', async ({ survey, expect }) => {
    const cells = await survey(crash);
    expect(cells.map(({ store, outcome, reason }) => ({ store, outcome, reason }))).toEqual(
      ['projects', 'db', 'assets', 'repos', 'repo-files'].map((store) => ({
        store,
        outcome: 'survived',
        reason: null,
      })),
    );
    for (const cell of cells) expect(cell.intact).toBe(cell.attempted);
  });

  test('control: rows acknowledged before they are written are lost', async ({ sabotage, expect }) => {
    const cell = await sabotage('early-acknowledgement', crash, 'lost');
    expect(cell.outcome).toBe('lost');
    expect(cell.ok).toBe(false);
  });
});
