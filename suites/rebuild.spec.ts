import { describe } from 'vitest';
import { test } from '../fixtures/outlast.ts';
import { rebuild } from '../helpers/disruptions/rebuild.ts';

describe('rebuild', () => {
  test('every store of the reference stack comes through with every row', async ({ survey, expect }) => {
    expect(await survey(rebuild)).toSurvive();
  });

  test("control: data in the container's own layer is lost", async ({ sabotage, expect }) => {
    expect(await sabotage('container-layer', rebuild, 'lost')).toMatchObject({ outcome: 'lost', ok: false });
  });
});
