import { describe } from 'vitest';
import { cellEvidence, survivalShown } from '../fixtures/guide/evidence.ts';
import { test } from '../fixtures/outlast.ts';
import { restart } from '../helpers/disruptions/restart.ts';

describe('restart', () => {
  test('every store of the reference stack comes through with every row', async ({ survey, claim, expect }) => {
    const cells = await survey(restart);
    for (const id of ['S1', 'K8'] as const) claim(id, survivalShown(cells), cellEvidence(cells));
    expect(cells).toSurvive();
  });

  test('control: data in memory is lost', async ({ sabotage, expect }) => {
    expect(await sabotage('tmpfs', restart, 'lost')).toMatchObject({ outcome: 'lost', ok: false });
  });
});
