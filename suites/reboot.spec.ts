import { describe } from 'vitest';
import { test } from '../fixtures/outlast.ts';
import { reboot } from '../helpers/disruptions/reboot.ts';

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
});
