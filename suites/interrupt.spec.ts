import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { describe, vi } from 'vitest';
import { killAlone, outlast, startedRun } from '../fixtures/cli.ts';
import { STACKS } from '../fixtures/stacks.ts';
import { test } from '../fixtures/their-engine.ts';
import { traces } from '../fixtures/traces.ts';
import { ensureBaseImage } from '../helpers/host/base-image.ts';
import { RUN_LABEL } from '../helpers/host/host.ts';

describe('an interrupted run', () => {
  test.for(['Docker host', 'Images', 'Stack', 'disrupting'])(
    'by SIGINT at "%s" ends with 130 within ten seconds and leaves nothing',
    async (words, { folder, expect }) => {
      const before = await traces();
      const { run } = await startedRun(words, { cwd: STACKS['no-restart-policy'] }, ['--out', folder]);
      const at = performance.now();
      run.kill('SIGINT');
      const result = await run;
      expect(performance.now() - at).toBeLessThan(10_000);
      expect(result.exitCode).toBe(130);
      expect(result.stderr).toContain('INTERRUPTED');
      expect(await traces()).toEqual(before);
    },
  );

  test('of the suites, by SIGINT, leaves nothing', async ({ expect }) => {
    const before = await traces();
    const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('VITEST')));
    const suites = execa(
      process.execPath,
      ['node_modules/vitest/vitest.mjs', 'run', '--reporter=default', 'suites/restart.spec.ts'],
      {
        cwd: fileURLToPath(new URL('..', import.meta.url)),
        env: own,
        extendEnv: false,
        reject: false,
      },
    );
    // Nobody tells that a host boots.
    await vi.waitFor(
      async () => expect((await traces()).filter((line) => line.startsWith('dockerd '))).not.toEqual([]),
      { timeout: 60_000, interval: 100 },
    );
    suites.kill('SIGINT');
    const at = performance.now();
    await suites;
    await vi.waitFor(async () => expect(await traces()).toEqual(before), { timeout: 10_000, interval: 100 });
    expect(performance.now() - at).toBeLessThan(10_000);
  });

  test('by SIGINT between two engines leaves neither of its hosts', async ({ folder, expect }) => {
    const before = await traces();
    const args = ['--only', 'engine-upgrade', '--out', folder];
    const { run } = await startedRun('disrupting', { cwd: STACKS['no-restart-policy'] }, args);
    run.kill('SIGINT');
    expect((await run).exitCode).toBe(130);
    expect(await traces()).toEqual(before);
  });

  test('by SIGKILL, its reaper too, is swept by `clean`', async ({ folder, expect }) => {
    const before = await traces();
    const { run } = await startedRun('disrupting', { cwd: STACKS['no-restart-policy'] }, ['--out', folder]);
    await killAlone(run);
    const left = await traces();
    const cleaned = await outlast(['clean'], { cwd: folder });
    expect(await traces()).toEqual(before);
    // Of each kind that is looked for.
    for (const kind of [/^run /, /^dockerd /, /^folder .*\/outlast-/, /^folder \/sys\/fs\/cgroup\/.*outlast-/])
      expect(left.filter((line) => kind.test(line)).length).toBeGreaterThan(
        before.filter((line) => kind.test(line)).length,
      );
    expect(cleaned).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('removed') });
  });

  test("by SIGKILL on the user's own engine takes only what is its own", async ({ theirs, folder, expect }) => {
    // Killed in the second disruption: the first has left the volume of a container that is no more.
    const options = { cwd: STACKS['anonymous-volume'], env: theirs.env };
    const args = ['--only', 'down-up,down-volumes', '--host', 'ambient', '--out', folder];
    const { ref } = await ensureBaseImage(theirs.host);
    await theirs.docker('volume', 'create', 'bystander');
    await theirs.docker('create', '--name', 'bystander', '-v', 'bystander:/data', ref);
    const bystanders = await theirs.holds();
    expect(bystanders).toHaveLength(2);

    const { run } = await startedRun(/down-volumes: containers[^]*writing rows/, options, args);
    await killAlone(run);
    const anonymous = (await theirs.holds()).filter((name) => /^[0-9a-f]{64}$/.test(name));
    expect(await theirs.holds(RUN_LABEL)).not.toEqual([]);
    expect(anonymous).toHaveLength(2);
    // Somebody looks at what is left, and his container keeps it.
    const [inUse = ''] = anonymous;
    await theirs.docker('create', '--name', 'reader', '-v', `${inUse}:/data:ro`, ref);
    const first = await outlast(['clean'], { cwd: folder, env: theirs.env });
    expect(first.stdout).toContain('removed container');
    expect(first.stdout).toMatch(new RegExp(`^kept run .*volume ${inUse}: .*in use`, 'm'));
    expect(first.exitCode).toBe(3);
    expect(await theirs.holds()).toContain(inUse);
    await theirs.docker('rm', 'reader');
    const second = await outlast(['clean'], { cwd: folder, env: theirs.env });
    expect(second.stdout).toContain(`removed volume ${inUse}`);
    expect(second.exitCode).toBe(0);
    expect(new Set(await theirs.holds())).toEqual(new Set(bystanders));
  });

  test("and a whole one on the user's own engine leaves no anonymous volume", async ({ theirs, folder, expect }) => {
    const args = ['run', '--quiet', '--only', 'down-up', '--host', 'ambient', '--out', folder];
    const { exitCode, stdout } = await outlast(args, { cwd: STACKS['anonymous-volume'], env: theirs.env });
    expect(stdout).toMatch(/^✗ hidden {2}down-up × /);
    expect(exitCode).toBe(1);
    expect(await theirs.holds()).toEqual([]);
  });
});
