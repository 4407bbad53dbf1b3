import { describe } from 'vitest';
import { test } from '../fixtures/outlast.ts';
import { restart } from '../helpers/disruptions/restart.ts';

describe('restart', () => {
  test('every store of the reference stack comes through with every row', async ({ survey, expect }) => {
    expect(await survey(restart)).toSurvive();
  });

  test('control: data in memory is lost', async ({ sabotage, expect }) => {
    expect(await sabotage('tmpfs', restart, 'lost')).toMatchObject({ outcome: 'lost', ok: false });
  });
});
