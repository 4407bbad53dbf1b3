import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dir } from 'tmp-promise';
import { describe } from 'vitest';
import { databasesCheck, databasesInImage } from '../../fixtures/guide/checks.ts';
import { note, ran, rows, SUBSTITUTES } from '../../fixtures/guide/evidence.ts';
import { guideSetup } from '../../fixtures/guide/setups.ts';
import { test } from '../../fixtures/outlast.ts';
import { composeStep, NEW_CONTAINER, type Disruption } from '../../helpers/disruptions/disruption.ts';

/** A deploy with a mount path that misses what it is for by one letter. */
const wrongMount: Disruption = {
  id: 'wrong-mount',
  title: 'the bind is mounted at a path that nobody reads',
  needs: 'nothing',
  claims: { changes: ['container', 'started'], keeps: ['boot', 'image', 'network', 'volume'] },
  effect: { ...NEW_CONTAINER, bind: 'stale' },
  expected: () => ['survived'],
  async inject(context) {
    const right = context.stack.project.shadow.model.services['app']?.volumes ?? [];
    const missed = right.map((mount) => ({ ...mount, target: mount.target.replace('dev_assets', 'dev-assets') }));
    const folder = await dir({ prefix: 'outlast-mount-', unsafeCleanup: true });
    try {
      const overlay = join(folder.path, 'wrong.yaml');
      await writeFile(overlay, `services: { app: { volumes: !override ${JSON.stringify(missed)} } }`);
      const step = await composeStep(context, '-f', overlay, 'up', '-d', '--no-build');
      return [{ ...step, command: 'docker compose up -d # dev_assets mounted at /app/dev-assets' }];
    } finally {
      await folder.cleanup();
    }
  },
};

/** Brings the set-up up with another file on top. */
function withFile(name: string): string {
  return `docker-compose -f compose.yaml -f ${name} up -d`;
}

/** A Compose file that replaces the mounts of the app. */
function mounts(...volumes: readonly string[]): string {
  return `services: { app: { volumes: !override [${volumes.join(', ')}] } }\n`;
}

describe('a database that was copied into the image', { timeout: 300_000 }, () => {
  test('control: a mount that misses its path serves the rows of the image, and Outlast says stale', async ({
    sabotage,
    expect,
  }) => {
    const cell = await sabotage('baked-database', wrongMount, 'stale');
    expect(cell).toMatchObject({ outcome: 'stale', reason: 'rows-from-elsewhere', ok: false });
    const said = cell.evidence.map(({ text }) => text);
    expect(said).toContain('served in their place: o-baked-rows-0-1, o-baked-rows-0-2');
    expect(said).toContainEqual(
      expect.stringMatching(/^the bytes were on bind .*, the path is now on image baked-database-app$/),
    );
  });

  test('I1b: a wrong path serves it in silence; a mount that fails lets nothing start', async ({
    openWorkspace,
    claim,
    expect,
  }) => {
    const workspace = await openWorkspace({ ...guideSetup('stack'), name: 'guide-stack' });
    await workspace.ok('chown -R 1001:1001 dev_assets');
    await workspace.ok('docker-compose up -d --build');
    await workspace.ask('/api/projects', { name: 'of today' });
    const right = await workspace.projects();

    const write = async (name: string, text: string) => writeFile(join(workspace.folder, name), text);
    await write('wrong.yaml', mounts('"./dev_assets:/app/dev-assets"'));
    const wrong = await workspace.sh(withFile('wrong.yaml'));
    const served = await workspace.projects();
    const log = await workspace.sh('docker-compose logs --no-log-prefix app');
    const silent = wrong.exitCode === 0 && served.every((name) => name.startsWith('from the build'));

    await write(
      'missing-bind.yaml',
      mounts('{ type: bind, source: ./not-there, target: /app/dev_assets, bind: { create_host_path: false } }'),
    );
    await workspace.ok('docker-compose down --timeout 0');
    const missingBind = await workspace.sh(withFile('missing-bind.yaml'));
    await write(
      'missing-device.yaml',
      `${mounts('"lost_data:/app/dev_assets"')}volumes: { lost_data: { driver_opts: { type: ext4, device: /dev/not-there } } }\n`,
    );
    const missingDevice = await workspace.sh(withFile('missing-device.yaml'));
    const running = await workspace.ok('docker-compose ps --quiet --status running');
    await write('new-bind.yaml', mounts('"./not-there-either:/app/dev_assets"'));
    const newBind = await workspace.sh(withFile('new-bind.yaml'));
    await workspace.until(async () => ((await workspace.container()).RestartCount > 0 ? true : undefined));
    const refused = await workspace.sh('docker-compose logs --no-log-prefix app');
    const failing = [missingBind, missingDevice].every(({ exitCode }) => exitCode !== 0) && running === '';

    claim('I1b', { asWritten: silent && !failing }, [
      SUBSTITUTES,
      note(
        'The first half holds: a wrong path is silent. The second does not: with a mount that fails nothing starts.',
      ),
      rows('served with the right mount', right),
      { kind: 'command', text: 'docker-compose up -d # ./dev_assets mounted at /app/dev-assets → exit 0' },
      rows('served then, without a word in the log', served),
      ran(log, 2),
      ran(missingBind, 1),
      ran(missingDevice, 1),
      note(`containers that run then: ${running === '' ? 'none' : running}`),
      ran(newBind, 1),
      note(
        `a short bind whose source is absent is made, empty and owned by root; the app then says: ${lastError(refused.stdout)}`,
      ),
      note(
        'Outlast names it on the stack baked-database: stale, with layer and rows (control baked-database/wrong-mount).',
      ),
    ]);
    expect(right).toEqual(['of today']);
    expect(served).toEqual(['from the build 1', 'from the build 2', 'from the build 3']);
    expect(log.stdout).not.toMatch(/warn|error/i);
    expect(missingBind).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/bind source path does not exist/),
    });
    expect(missingDevice).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/no such file or directory/) });
    expect(running).toBe('');
    expect(refused.stdout).toMatch(/unable to open database file/);
  });

  test('F1, K1: the template alone keeps data out of the image and makes it smaller', async ({
    openWorkspace,
    claim,
    expect,
  }) => {
    const found: Record<string, string[]> = {};
    const size: Record<string, number> = {};
    for (const name of ['stack', 'recommended'] as const) {
      const workspace = await openWorkspace({ ...guideSetup(name), name: `guide-${name}` });
      await workspace.ok('docker-compose build app');
      const image = `guide-${name}-app`;
      found[name] = await databasesInImage(workspace.host.docker, image);
      size[name] = (await workspace.host.docker.getImage(image).inspect()).Size;
    }
    const checks = {
      stack: databasesCheck(found['stack'] ?? []),
      recommended: databasesCheck(found['recommended'] ?? []),
    };
    const saved = ((size['stack'] ?? 0) - (size['recommended'] ?? 0)) / 1e6;
    const megabytes = (name: string) => `${((size[name] ?? 0) / 1e6).toFixed(1)} MB`;
    const evidence = [
      SUBSTITUTES,
      note(`current image, ${megabytes('stack')}: ${checks.stack.evidence}`),
      note(`recommended image, ${megabytes('recommended')}: ${checks.recommended.evidence}`),
      note(`${saved.toFixed(1)} MB saved, for a database of 5 MB that the image held twice`),
    ];
    claim('F1', { asWritten: checks.recommended.ok && saved > 5 }, evidence);
    claim('K1', { asWritten: checks.recommended.ok && !checks.stack.ok }, evidence);
    expect(checks.stack).toEqual({ ok: false, evidence: 'in the layers: /app/dev_assets/db.sqlite' });
    expect(checks.recommended.ok).toBe(true);
    expect(saved).toBeGreaterThan(5);
  });
});

function lastError(log: string): string {
  return (
    log
      .split('\n')
      .findLast((line) => line.includes('Error:'))
      ?.trim() ?? 'nothing'
  );
}
