import { describe } from 'vitest';
import { test } from '../fixtures/outlast.ts';
import { stopStart } from '../helpers/disruptions/stop-start.ts';

describe('stop-start', () => {
  test('every store of the reference stack comes through with every row', async ({ survey, expect }) => {
    expect(await survey(stopStart)).toSurvive();
  });

  test('control: data in memory is lost', async ({ sabotage, expect }) => {
    expect(await sabotage('tmpfs', stopStart, 'lost')).toMatchObject({ outcome: 'lost', ok: false });
  });
});
