import { describe } from 'vitest';
import { test } from '../fixtures/outlast.ts';
import { newHost } from '../helpers/disruptions/new-host.ts';
import { restore } from '../helpers/disruptions/restore.ts';

describe('new-host', () => {
  test('the database comes back on a machine that never saw it', async ({ survey, host, expect, task }) => {
    const cells = await survey(newHost);
    const [projects, database] = cells;
    for (const cell of [projects, database]) {
      expect(cell).toMatchObject({ status: 'ran', outcome: 'survived', reason: null });
      expect(cell?.host).not.toBe(host.id);
      expect(cell?.proof.changed).toEqual(expect.arrayContaining(['host machine', 'host boot', 'app container']));
    }
    expect(task.meta.persistence?.hosts?.map(({ id }) => id)).toEqual([host.id, projects?.host]);
    // Nothing of it is left running.
    expect(await host.docker.listContainers({ all: true })).toEqual([]);
  });

  test('control: a restore that does nothing loses everything', async ({ misrestore, expect }) => {
    expect(await misrestore('restores-nothing', newHost, 'lost')).toMatchObject({ outcome: 'lost', ok: false });
  });

  test('control: the same machine is no other', async ({ bringUp, control, expect }) => {
    const { matrix } = await bringUp('reference');
    const [cell] = await matrix.run({ ...restore, claims: newHost.claims });
    control('reference/new-host-on-the-old-one', cell, { outcome: 'unknown', reason: 'not-proven' });
    expect(cell).toMatchObject({ outcome: 'unknown', reason: 'not-proven', ok: false });
  });
});
