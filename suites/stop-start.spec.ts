import { describe } from 'vitest';
import { test } from '../fixtures/outlast.ts';
import { stopStart } from '../helpers/disruptions/stop-start.ts';

describe('stop-start', () => {
  test('every store of the reference stack comes through with every row', async ({ survey, expect }) => {
    const cells = await survey(stopStart);
    expect(cells.map(({ store, outcome, reason }) => ({ store, outcome, reason }))).toEqual(
      ['projects', 'db', 'assets', 'repos', 'repo-files'].map((store) => ({
        store,
        outcome: 'survived',
        reason: null,
      })),
    );
    for (const cell of cells) expect(cell.intact).toBe(cell.attempted);
  });

  test('control: data in memory is lost', async ({ sabotage, expect }) => {
    const cell = await sabotage('tmpfs', stopStart, 'lost');
    expect(cell.outcome).toBe('lost');
    expect(cell.ok).toBe(false);
  });
});
