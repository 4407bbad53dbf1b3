import { describe } from 'vitest';
import { test } from '../fixtures/outlast.ts';
import { crash } from '../helpers/disruptions/crash.ts';

describe('crash', () => {
  test('every store of the reference stack comes through with every row', async ({ survey, expect }) => {
    expect(await survey(crash)).toSurvive();
  });

  test('control: rows acknowledged before they are written are lost', async ({ sabotage, expect }) => {
    expect(await sabotage('early-acknowledgement', crash, 'lost')).toMatchObject({ outcome: 'lost', ok: false });
  });
});
