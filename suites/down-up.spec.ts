import { describe } from 'vitest';
import { test } from '../fixtures/outlast.ts';
import { downUp } from '../helpers/disruptions/down-up.ts';

describe('down-up', () => {
  test('every store of the reference stack comes through with every row', async ({ survey, expect }) => {
    expect(await survey(downUp)).toSurvive();
  });

  test('control: data on a volume without a name is no longer seen', async ({ sabotage, expect }) => {
    expect(await sabotage('anonymous-volume', downUp, 'hidden')).toMatchObject({ outcome: 'hidden', ok: false });
  });
});
