import { describe } from 'vitest';
import { test } from '../fixtures/outlast.ts';
import { downUp } from '../helpers/disruptions/down-up.ts';
import { downVolumes } from '../helpers/disruptions/down-volumes.ts';

describe('down-volumes', () => {
  test('the named volume is lost and the bind is kept', async ({ survey, expect }) => {
    const cells = await survey(downVolumes);
    expect(Object.fromEntries(cells.map((cell) => [cell.store, cell.outcome]))).toEqual({
      projects: 'survived',
      db: 'survived',
      assets: 'survived',
      repos: 'lost',
      'repo-files': 'lost',
    });
    expect(cells.every((cell) => cell.ok)).toBe(true);
  });

  test('control: a removal that leaves the volumes alone is no proof', async ({ bringUp, control, expect }) => {
    const { matrix } = await bringUp('no-restart-policy');
    const [cell] = await matrix.run({ ...downVolumes, inject: async (context) => downUp.inject(context) });
    control('no-restart-policy/down-volumes', cell, { outcome: 'unknown', reason: 'not-proven' });
    expect(cell).toMatchObject({ outcome: 'unknown', reason: 'not-proven', ok: false });
  });
});
