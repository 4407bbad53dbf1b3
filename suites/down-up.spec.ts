import { describe } from 'vitest';
import { cellEvidence, survivalShown } from '../fixtures/guide/evidence.ts';
import { test } from '../fixtures/outlast.ts';
import { downUp } from '../helpers/disruptions/down-up.ts';

describe('down-up', () => {
  test('every store of the reference stack comes through with every row', async ({ survey, claim, expect }) => {
    const cells = await survey(downUp);
    for (const id of ['S3', 'K10'] as const) claim(id, survivalShown(cells), cellEvidence(cells));
    expect(cells).toSurvive();
  });

  test('control: data on a volume without a name is no longer seen', async ({ sabotage, expect }) => {
    expect(await sabotage('anonymous-volume', downUp, 'hidden')).toMatchObject({ outcome: 'hidden', ok: false });
  });
});
