import { describe } from 'vitest';
import { test } from '../fixtures/outlast.ts';
import { kill } from '../helpers/disruptions/kill.ts';

describe('kill', () => {
  test('every store of the reference stack comes through with every row', async ({ survey, expect }) => {
    expect(await survey(kill)).toSurvive();
  });

  test('control: rows acknowledged before they are written are lost', async ({ sabotage, expect }) => {
    expect(await sabotage('early-acknowledgement', kill, 'lost')).toMatchObject({ outcome: 'lost', ok: false });
  });
});
