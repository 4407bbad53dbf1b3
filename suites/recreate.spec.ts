import { describe } from 'vitest';
import { test } from '../fixtures/outlast.ts';
import { recreate } from '../helpers/disruptions/recreate.ts';

describe('recreate', () => {
  test('every store of the reference stack comes through with every row', async ({ survey, expect }) => {
    expect(await survey(recreate)).toSurvive();
  });

  test("control: data in the container's own layer is lost", async ({ sabotage, expect }) => {
    expect(await sabotage('container-layer', recreate, 'lost')).toMatchObject({ outcome: 'lost', ok: false });
  });
});
