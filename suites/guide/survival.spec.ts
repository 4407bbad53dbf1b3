import { describe } from 'vitest';
import { cellEvidence, note, survivalShown } from '../../fixtures/guide/evidence.ts';
import { test } from '../../fixtures/outlast.ts';
import { crash } from '../../helpers/disruptions/crash.ts';
import { downUp } from '../../helpers/disruptions/down-up.ts';
import { downVolumes } from '../../helpers/disruptions/down-volumes.ts';
import { reboot } from '../../helpers/disruptions/reboot.ts';

// What one disruption alone decides is claimed where it is tried: restart (S1, K8), rebuild (S2, W2, K9), down-up (S3, K10).
describe('what data survives', { timeout: 300_000 }, () => {
  test('S4: a reboot in order, then one without warning, on one stack', async ({ bringUp, claim, expect }) => {
    const { matrix } = await bringUp('reference');
    const cells = [...(await matrix.run(reboot)), ...(await matrix.run(crash))];
    claim('S4', survivalShown(cells), [
      ...cellEvidence(cells),
      note('Nobody ran `up`: the services came back by their restart policy.'),
    ]);
    expect(cells).toSurvive();
  });

  test('T4: `down` keeps volumes, `down -v` deletes them, and the report says so beforehand', async ({
    bringUp,
    claim,
    expect,
  }) => {
    const { matrix } = await bringUp('reference');
    const kept = await matrix.run(downUp);
    // Said now, of where each store lies, and held against what is found afterwards.
    const layer = new Map(matrix.stores.map((store) => [store.id, store.layer]));
    const foretold = matrix.stores.map((store) => downVolumes.effect[store.layer]);
    const removed = await matrix.run(downVolumes);
    const onVolume = removed.filter(({ store }) => layer.get(store) === 'named-volume');
    const onBind = removed.filter(({ store }) => layer.get(store) === 'bind');
    const deletes = onVolume.length > 0 && onVolume.every(({ outcome }) => outcome === 'lost');
    const spares = onBind.length > 0 && onBind.every(({ outcome }) => outcome === 'survived');
    const keeps = survivalShown(kept).asWritten;
    claim('T4', { asWritten: keeps === null ? null : keeps && deletes && spares }, [
      ...cellEvidence([...kept, ...removed]),
      ...removed.map(({ store, outcome }, at) =>
        note(`${store} on ${layer.get(store)}: ${foretold[at]} was said before \`down -v\`, ${outcome} was found`),
      ),
    ]);
    expect(kept).toSurvive();
    expect([deletes, spares]).toEqual([true, true]);
    expect(removed.map(({ store }) => store)).toEqual(matrix.stores.map(({ id }) => id));
    expect(foretold).toEqual(removed.map(({ outcome }) => outcome));
    expect(removed.map(({ predicted }) => predicted)).toEqual(foretold);
  });
});
