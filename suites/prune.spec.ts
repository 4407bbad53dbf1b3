import { describe } from 'vitest';
import { test } from '../fixtures/outlast.ts';
import { prune } from '../helpers/disruptions/prune.ts';

describe('prune', () => {
  test('every store of the reference stack comes through with every row', async ({ survey, expect }) => {
    expect(await survey(prune)).toSurvive();
  });

  test('control: data on a volume without a name is gone for good', async ({ sabotage, expect }) => {
    expect(await sabotage('anonymous-volume', prune, 'lost')).toMatchObject({ outcome: 'lost', ok: false });
  });
});
