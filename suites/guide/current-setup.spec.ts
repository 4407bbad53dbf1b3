import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe } from 'vitest';
import { databasesInImage } from '../../fixtures/guide/checks.ts';
import { note, ran, rows, SUBSTITUTES } from '../../fixtures/guide/evidence.ts';
import { guideSetup } from '../../fixtures/guide/setups.ts';
import { test } from '../../fixtures/outlast.ts';

/** Names of the projects in a database file, as the host sees it. */
function projectsIn(file: string): string[] {
  const database = new Database(file, { readonly: true });
  try {
    return database.prepare<[], string>('SELECT name FROM projects ORDER BY rowid').pluck().all();
  } finally {
    database.close();
  }
}

describe("the guide's current set-up", { timeout: 300_000 }, () => {
  test('W1, I1a: the bind outlives its container, and hides the database of the image', async ({
    openWorkspace,
    claim,
    expect,
  }) => {
    const workspace = await openWorkspace({ ...guideSetup('stack'), name: 'guide-stack' });
    // An owner that fits; what happens without is in permissions.spec.ts.
    await workspace.ok('chown -R 1001:1001 dev_assets');
    await workspace.ok('docker-compose up -d --build');
    const image = 'guide-stack-app';

    // I1a: the image has a database of its own, and the mount hides it.
    const served = await workspace.projects();
    const baked = await databasesInImage(workspace.host.docker, image);
    const inside = await workspace.sh(`docker run --rm ${image} ls -l /app/dev_assets`);
    const history = await workspace.sh(
      `docker history --no-trunc --format '{{.Size}} {{.CreatedBy}}' ${image} | grep -E 'dev_assets'`,
    );
    const layers = history.stdout.split('\n').map((line) => line.slice(0, 60));
    const megabytes = layers.map((line) => Number(/^([\d.]+)MB/.exec(line)?.[1] ?? 0));
    const larger = megabytes.reduce((sum, size) => sum + size, 0);
    claim('I1a', { asWritten: served.length === 0 && baked.length > 0 && larger > 5 }, [
      SUBSTITUTES,
      rows('served through the mount', served),
      note(`SQLite databases in the layers of the image: ${baked.join(', ')}`),
      ran(inside),
      note(
        `${larger.toFixed(1)} MB of layers hold it: ${layers.join(' | ')}. The recursive chown stores it a second time.`,
      ),
    ]);

    // W1: delete the container, twice; read and copy the database from the host.
    await workspace.ask('/api/projects', { name: 'before the deletion' });
    const first = await workspace.container();
    const deleted = await workspace.sh('docker-compose rm --stop --force app');
    const file = join(workspace.folder, 'dev_assets/db.sqlite');
    const inspected = projectsIn(file);
    await workspace.ok('cp dev_assets/db.sqlite copy.sqlite');
    const copied = projectsIn(join(workspace.folder, 'copy.sqlite'));
    await workspace.ok('docker-compose up -d');
    const second = await workspace.container();
    const again = await workspace.projects();
    await workspace.ask('/api/projects', { name: 'before the kill' });
    const killed = await workspace.sh(`docker rm --force ${second.Id}`);
    const wal = (await stat(`${file}-wal`).catch(() => null))?.size ?? 0;
    const afterKill = projectsIn(file);
    const all = ['before the deletion', 'before the kill'];
    claim(
      'W1',
      {
        asWritten:
          [inspected, copied, again].every((names) => names.join() === all[0]) && afterKill.join() === all.join(),
      },
      [
        SUBSTITUTES,
        ran(deleted),
        rows('read on the host with the container deleted', inspected),
        rows('in a copy made on the host', copied),
        note(`container ${first.Id.slice(0, 12)} gave way to ${second.Id.slice(0, 12)}`),
        rows('served by the new container', again),
        ran(killed, 0),
        rows(`read on the host after a kill, with ${wal} bytes in the -wal`, afterKill),
      ],
    );

    expect(served).toEqual([]);
    expect(baked).toEqual(['/app/dev_assets/db.sqlite']);
    expect(larger).toBeGreaterThan(5);
    expect(first.Id).not.toBe(second.Id);
    expect([inspected, copied, again]).toEqual([[all[0]], [all[0]], [all[0]]]);
    expect(wal).toBeGreaterThan(0);
    expect(afterKill).toEqual(all);
  });
});
