import { describe } from 'vitest';
import { cellEvidence, survivalShown } from '../fixtures/guide/evidence.ts';
import { test } from '../fixtures/outlast.ts';
import { rebuild } from '../helpers/disruptions/rebuild.ts';

describe('rebuild', () => {
  test('every store of the reference stack comes through with every row', async ({ survey, claim, expect }) => {
    const cells = await survey(rebuild);
    for (const id of ['S2', 'K9'] as const) claim(id, survivalShown(cells), cellEvidence(cells));
    const repos = cells.filter(({ store }) => store === 'repos');
    const fsck = repos.flatMap(({ evidence }) => evidence.filter(({ kind }) => kind === 'integrity'));
    claim('W2', survivalShown(repos), [...cellEvidence(repos), ...fsck]);
    expect(cells).toSurvive();
  });

  test("control: data in the container's own layer is lost", async ({ sabotage, expect }) => {
    expect(await sabotage('container-layer', rebuild, 'lost')).toMatchObject({ outcome: 'lost', ok: false });
  });
});
