import { describe } from 'vitest';
import { cellEvidence, survivalShown } from '../fixtures/guide/evidence.ts';
import { test } from '../fixtures/outlast.ts';
import { ensureServerImage } from '../fixtures/servers/server-images.ts';
import { recreate } from '../helpers/disruptions/recreate.ts';
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

describe('rebuild to a later version', () => {
  test('control: one that keeps its data in another folder hides it, and the one before runs again afterwards', async ({
    bringUp,
    control,
    expect,
  }) => {
    const { session, matrix } = await bringUp('moved-directory');
    const { findings, predictions } = await session.audit();
    const [named, unnamed] = await matrix.run(rebuild);
    control('moved-directory/rebuild', named, { outcome: 'hidden', reason: 'left-behind' });
    control('moved-directory/rebuild-unnamed', unnamed, { outcome: 'hidden', reason: 'source-replaced' });
    expect([named, unnamed]).toMatchObject([
      { outcome: 'hidden', reason: 'left-behind', service: 'up', ok: false, lost: named?.acknowledged },
      { outcome: 'hidden', reason: 'source-replaced', service: 'up', ok: false, lost: unnamed?.acknowledged },
    ]);
    expect(predictions.filter(({ disruption }) => disruption === 'rebuild')).toEqual([
      { disruption: 'rebuild', store: 'named', predicted: 'hidden' },
      { disruption: 'rebuild', store: 'unnamed', predicted: 'hidden' },
    ]);
    expect(findings.filter(({ rule }) => rule === 'data-directory-moved')).toMatchObject(
      ['named', 'unnamed'].map((service) => ({
        severity: 'error',
        service,
        path: '/data',
        title: `${service} keeps its data in /data, and its later build in /srv/data.`,
      })),
    );

    const again = await matrix.run(recreate);
    expect(again).toSurvive();
    for (const service of ['named', 'unnamed'])
      expect(again[0]?.proof?.before[`${service} image`]).toBe(named?.proof?.before[`${service} image`]);
  });

  test('comes through where it looks into the same folder', async ({ bringUp, expect }) => {
    const { session, matrix } = await bringUp('moved-directory', 'next-release.yaml');
    const { findings } = await session.audit();
    expect(findings.filter(({ rule }) => rule === 'data-directory-moved')).toEqual([]);
    const [cell] = await matrix.run(rebuild);
    expect(cell).toSurvive();
    // What a later version has made of the data is no start for the one before.
    const [again] = await matrix.run(recreate);
    expect(again).toSurvive();
    expect(again?.proof?.before['named image']).toBe(cell?.proof?.before['named image']);
    expect(again?.acknowledged).toBe(cell?.acknowledged);
  });

  test('is unknown where it is the version that runs', async ({ bringUp, expect }) => {
    const { matrix } = await bringUp('moved-directory', 'same-version.yaml');
    const unknown = { outcome: 'unknown', reason: 'not-proven', ok: false };
    expect(await matrix.run(rebuild)).toMatchObject([unknown, unknown]);
  });
});

describe('rebuild to a later PostgreSQL', () => {
  test('control: 18 takes no volume that is mounted the way of 17', async ({ bringUp, control, expect }) => {
    const { session, matrix } = await bringUp('postgres-upgrade');
    const { findings, predictions } = await session.audit();
    const [cell] = await matrix.run(rebuild);
    control('postgres-upgrade/rebuild', cell, { outcome: 'unavailable', reason: 'not-running' });
    expect(cell).toMatchObject({ outcome: 'unavailable', data: 'survived', ok: false });
    expect(cell?.evidence.map(({ text }) => text).join('\n')).toContain(
      'there is a database of version 17 in /var/lib/postgresql/data',
    );
    expect(predictions.filter(({ disruption }) => disruption === 'rebuild')).toEqual([
      { disruption: 'rebuild', store: 'db-data', predicted: 'unavailable' },
    ]);
    expect(findings.filter(({ severity }) => severity === 'error')).toMatchObject([
      { rule: 'data-directory-moved', service: 'db', path: '/var/lib/postgresql/data' },
    ]);
  });

  test('ends before anything starts where there is no such image', async ({ bringUp, expect }) => {
    await expect(bringUp('postgres-upgrade', 'nowhere.yaml')).rejects.toMatchObject({
      code: 'IMAGE_UNAVAILABLE',
      message: expect.stringContaining('nowhere.invalid/postgres:18') as string,
    });
  });

  test('comes through where the major version is the same', async ({ bringUp, host, signal, expect }) => {
    const before = await ensureServerImage(host, 'postgres:17', signal);
    const container = await host.docker.createContainer({ Image: before });
    await container.commit({ repo: 'outlast/postgres', tag: '17-next', changes: 'LABEL release=next' });
    await container.remove({ v: true });
    const { session, matrix } = await bringUp('postgres-upgrade', 'same-major.yaml');
    const { findings } = await session.audit();
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    const [cell] = await matrix.run(rebuild);
    expect(cell).toSurvive();
  });
});
