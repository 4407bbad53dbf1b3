import { describe } from 'vitest';
import { note, ran, rows, SUBSTITUTES } from '../../fixtures/guide/evidence.ts';
import { guideSetup, REFERENCE_SETUP } from '../../fixtures/guide/setups.ts';
import { test } from '../../fixtures/outlast.ts';
import type { Workspace } from '../../fixtures/workspace.ts';

const LIST = 'ls -ln dev_assets';

/** The error that the app ended with, after it has been started again at least once. */
async function errorOf(workspace: Workspace): Promise<string> {
  await workspace.until(async () => ((await workspace.container()).RestartCount > 0 ? true : undefined));
  const log = await workspace.ok('docker-compose logs --no-log-prefix app 2>&1');
  return (
    log
      .split('\n')
      .find((line) => line.includes('Error:'))
      ?.trim() ?? ''
  );
}

describe('the first start on a new machine', { timeout: 300_000 }, () => {
  test('I2: fails with the current set-up, and the reference stack starts from nothing', async ({
    openWorkspace,
    claim,
    expect,
  }) => {
    const workspace = await openWorkspace({ ...guideSetup('stack'), name: 'guide-stack' });
    // Git tracks no data folder, so a clone has none.
    await workspace.ok('rm -rf dev_assets && docker-compose build');
    const up = await workspace.sh('docker-compose up -d');
    const absent = await errorOf(workspace);
    const made = await workspace.sh(LIST);

    await workspace.ok('docker-compose down --timeout 0 && rm -rf dev_assets && install -d -o 1001 -g 1001 dev_assets');
    await workspace.ok('DATABASE_URL=sqlite:///app/dev_assets/db.sqlite?mode=rw docker-compose up -d');
    const noDatabase = await errorOf(workspace);
    await workspace.ok('docker-compose down --timeout 0 && docker-compose up -d');
    const created = (await workspace.ask('/api/health')).status;

    const reference = await openWorkspace({ ...REFERENCE_SETUP, name: 'reference-first-run' });
    await reference.ok('rm -rf dev_assets backups');
    const first = await reference.sh('docker-compose up -d --build --wait');
    const seeded = await reference.sh(LIST);
    await reference.ask('/api/projects', { name: 'of the first run' });
    const schema = await reference.sh(
      'docker-compose logs --no-log-prefix app | grep -E "first-run|config-seeded|schema-ready"',
    );
    await reference.ok(`sh -c 'printf "{\\"title\\":\\"mine\\"}" > dev_assets/config.json'`);
    await reference.ok('docker-compose down --timeout 0 && docker-compose up -d --wait');
    const kept = await reference.projects();
    const { body } = await reference.ask('/api/health');

    claim('I2', { asWritten: absent !== '' && noDatabase !== '' }, [
      SUBSTITUTES,
      ran(up, 1),
      note(`no folder: the app starts again and again with ${absent}`),
      ran(made),
      note('It fails by the owner of the folder, which Docker makes for root, before any database is missed.'),
      note(`an empty folder of 1001, and a server that makes no database (SQLx does so by default): ${noDatabase}`),
      note(`an empty folder of 1001, and a server that makes one: health ${created}`),
      note('The database in the image does not help: the mount hides it.'),
      note('The reference stack, from a clone without its folders:'),
      ran(first, 1),
      ran(seeded),
      ran(schema, 3),
      rows('after `down` and a second `up`', kept),
    ]);
    expect(absent).toMatch(/unable to open database file/);
    expect(noDatabase).toMatch(/unable to open database file/);
    expect(created).toBe(200);
    expect(first.exitCode).toBe(0);
    expect(schema.stdout.split('\n')).toHaveLength(3);
    expect(kept).toEqual(['of the first run']);
    expect(body).toMatchObject({ title: 'mine' });
  });
});
