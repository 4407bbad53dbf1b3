import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'vitest';
import { note, ran } from '../../fixtures/guide/evidence.ts';
import { guideSetup } from '../../fixtures/guide/setups.ts';
import { test } from '../../fixtures/outlast.ts';
import type { Said } from '../../fixtures/workspace.ts';

const NAME = 'guide-stack';
const VOLUME = `${NAME}_repos_data`;

describe('volumes and mounts', { timeout: 300_000 }, () => {
  test('W4: Docker removes no named volume by itself', async ({ openWorkspace, claim, expect }) => {
    const workspace = await openWorkspace({ ...guideSetup('stack'), name: NAME });
    await workspace.ok('chown -R 1001:1001 dev_assets && docker-compose up -d --build');
    await workspace.ok("docker-compose exec -T app sh -c 'echo kept > /repos/file'");
    const stands = async () => (await workspace.ok('docker volume ls --quiet')).split('\n').includes(VOLUME);

    const kept: boolean[] = [];
    const said: Said[] = [];
    for (const command of [
      'docker-compose down --timeout 0',
      'docker system prune --force',
      'docker volume prune --force',
    ]) {
      said.push(await workspace.sh(command));
      kept.push(await stands());
    }
    await workspace.host.reboot();
    kept.push(await stands());
    await workspace.ok('docker-compose up -d');
    const content = await workspace.ok('docker-compose exec -T app cat /repos/file');
    await workspace.ok('docker-compose down --timeout 0');
    // It can be removed: by somebody who asks for just that.
    const asked = await workspace.sh('docker volume prune --all --force');
    const left = await stands();

    const verdict = claim('W4', { asWritten: kept.includes(false) }, [
      ...said.map((each) => ran(each, 1)),
      note(`after each of these, and after a reboot with nothing running, ${VOLUME} stood: ${kept.join(', ')}`),
      note(`its file after the next \`up\`: ${content.trim()}`),
      ran(asked, 1),
      note(`after that it stood: ${left}`),
    ]);
    expect(said.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
    expect(content.trim()).toBe('kept');
    expect(left).toBe(false);
    expect(verdict).toBe('refuted');
  });

  test('T2: a file touched inside is looked for outside; the report says where data lies without being asked', async ({
    openWorkspace,
    bringUp,
    claim,
    expect,
  }) => {
    const workspace = await openWorkspace({ ...guideSetup('stack'), name: NAME });
    await workspace.ok('chown -R 1001:1001 dev_assets && docker-compose up -d --build');
    const touch = async () => {
      const said = await workspace.sh('docker-compose exec -T app sh -c "echo test > /app/dev_assets/test.txt"');
      const file = join(workspace.folder, 'dev_assets/test.txt');
      return { said, outside: existsSync(file) };
    };
    const right = await touch();
    const inspected = await workspace.sh(`docker volume inspect ${VOLUME}`);
    const resolved = await workspace.sh('docker-compose config');
    await workspace.ok('rm dev_assets/test.txt && sed -i s#:/app/dev_assets#:/app/elsewhere# compose.yaml');
    await workspace.ok('docker-compose up -d --timeout 0');
    const wrong = await touch();
    const shown = await workspace.sh('docker-compose config');

    // Both publish the same port.
    await workspace.ok('docker-compose down --timeout 0');
    const { matrix: sound } = await bringUp('reference');
    const { matrix: broken } = await bringUp('container-layer');
    const layers = new Map([...sound.stores, ...broken.stores].map(({ id, layer }) => [id, layer]));

    const found =
      right.outside &&
      !wrong.outside &&
      inspected.stdout.includes('"Mountpoint"') &&
      resolved.stdout.includes('target: /app/dev_assets') &&
      shown.stdout.includes('target: /app/elsewhere');
    const verdict = claim('T2', { asWritten: found }, [
      ran(right.said),
      note(`with the right mount the file is outside: ${right.outside}`),
      ran(inspected, 1),
      ran(wrong.said),
      note(`with the mount at another path the file is outside: ${wrong.outside}`),
      note(`\`config\` shows both targets: ${found}`),
      note(`the report, unasked: ${[...layers].map(([store, layer]) => `${store} on ${layer}`).join(', ')}`),
    ]);
    expect([right.said.exitCode, wrong.said.exitCode]).toEqual([0, 0]);
    expect([layers.get('assets'), layers.get('repos')]).toEqual(['bind', 'named-volume']);
    expect(broken.stores.map(({ layer }) => layer)).toEqual(['container']);
    expect(verdict).toBe('holds');
  });
});
