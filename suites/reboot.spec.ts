import { describe } from 'vitest';
import { test } from '../fixtures/outlast.ts';
import { reboot } from '../helpers/disruptions/reboot.ts';
import { restart } from '../helpers/disruptions/restart.ts';
import type { CellRecord } from '../helpers/scenario/record.ts';
import { verdictOf } from '../helpers/verdict/expectation.ts';

describe('reboot', () => {
  test('every store of the reference stack comes through with every row', async ({ survey, expect }) => {
    expect(await survey(reboot)).toSurvive();
  });

  test('control: a service without a restart policy stays down', async ({ sabotage, expect }) => {
    expect(await sabotage('no-restart-policy', reboot, 'unavailable')).toMatchObject({
      outcome: 'unavailable',
      ok: false,
    });
  });

  test('control: a service without data that stays down is told', async ({ bringUp, control, expect }) => {
    const { matrix } = await bringUp('worker-stays-down');
    const [restarted] = await matrix.run(restart);
    expect(restarted).toSurvive();
    const [cell] = await matrix.run(reboot);
    control('worker-stays-down/reboot', cell, { outcome: 'survived', reason: 'other-service-down' });
    expect(cell).toMatchObject({ data: 'survived', service: 'up', ok: false, outages: ['worker'] });
    expect(verdictOf([cell as CellRecord])).toBe('fails');
  });
});
