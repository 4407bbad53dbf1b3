import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { dir } from 'tmp-promise';
import { describe, test as base } from 'vitest';
import { outlast } from '../fixtures/cli.ts';
import { STACKS } from '../fixtures/stacks.ts';
import { sweep } from '../helpers/cleanup/sweep.ts';
import { outlastHome } from '../helpers/home.ts';
import { ensureBaseImage } from '../helpers/host/base-image.ts';
import { PrivateHost } from '../helpers/host/private-host.ts';
import { RUN_LABEL } from '../helpers/host/host.ts';

const RUN = ['run', '--only', 'restart,stop-start,kill,recreate'];

/** Runs of the home, and processes and mounts that have to do with its slots. */
async function traces(): Promise<string[]> {
  const home = await outlastHome();
  const runs = await readdir(join(home, 'runs')).catch(() => []);
  const { stdout } = await execa('ps', ['-eo', 'args']);
  const mounts = await readFile('/proc/self/mounts', 'utf8');
  return [
    ...runs.map((run) => `run ${run}`),
    ...[...stdout.split('\n'), ...mounts.split('\n')].filter((line) => line.includes(`${home}/slots`)),
  ].toSorted();
}

/** Starts a run and waits until it says the words. */
async function startedRun(words: string, options: Parameters<typeof outlast>[1], args: readonly string[] = []) {
  const run = outlast([...RUN, ...args], options);
  run.catch(() => {});
  await new Promise<void>((resolve) => {
    let said = '';
    run.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes(words)) resolve();
    });
    run.stdout.once('end', resolve);
  });
  // Wrapped: an async function would wait for the process itself.
  return { run };
}

const test = base.extend('folder', async ({}, { onCleanup }) => {
  const made = await dir({ prefix: 'outlast-interrupt-', unsafeCleanup: true });
  onCleanup(async () => made.cleanup());
  return made.path;
});

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

  test('by SIGINT between two engines leaves neither of its hosts', async ({ folder, expect }) => {
    const before = await traces();
    const args = ['--only', 'engine-upgrade', '--out', folder];
    const { run } = await startedRun('disrupting', { cwd: STACKS['no-restart-policy'] }, args);
    run.kill('SIGINT');
    expect((await run).exitCode).toBe(130);
    expect(await traces()).toEqual(before);
  });

  test('by SIGKILL is swept by the next start', async ({ folder, expect }) => {
    const before = await traces();
    const { run } = await startedRun('disrupting', { cwd: STACKS['no-restart-policy'] }, ['--out', folder]);
    run.kill('SIGKILL');
    await run;
    const cleaned = await outlast(['clean'], { cwd: folder });
    expect(cleaned.exitCode).toBe(0);
    await sweep(await outlastHome());
    expect(await traces()).toEqual(before);
  });

  test("by SIGKILL on the user's own engine takes only what is its own", async ({ folder, expect, onTestFinished }) => {
    // Somebody's engine: to the command line it is the ambient one.
    const theirs = await PrivateHost.open({ home: await outlastHome() });
    onTestFinished(async () => theirs[Symbol.asyncDispose]());
    const config = join(folder, 'config');
    await execa('mkdir', ['-p', join(config, 'cli-plugins')]);
    await execa('ln', ['-s', theirs.toolchain.plugins.compose, join(config, 'cli-plugins/docker-compose')]);
    await execa('ln', ['-s', theirs.toolchain.plugins.buildx, join(config, 'cli-plugins/docker-buildx')]);
    const env = {
      DOCKER_HOST: theirs.dockerHost,
      DOCKER_CONFIG: config,
      PATH: `${join(theirs.toolchain.engine.docker, '..')}:${process.env['PATH']}`,
    };
    const inTheirs = async (...args: string[]): Promise<string> => (await theirs.cli(args)).stdout.trim();
    const listed = async (label?: string): Promise<string[]> => {
      const filter = label ? ['--filter', `label=${label}`] : [];
      const kinds = [
        ['ps', '-aq'],
        ['volume', 'ls', '-q'],
        ['network', 'ls', '-q'],
      ];
      return (await Promise.all(kinds.map(async (kind) => inTheirs(...kind, ...filter)))).flatMap((ids) =>
        ids.split('\n').filter(Boolean),
      );
    };

    const { run } = await startedRun('disrupting', { cwd: STACKS['anonymous-volume'], env }, [
      '--host',
      'ambient',
      '--out',
      folder,
    ]);
    const { ref } = await ensureBaseImage(theirs);
    await inTheirs('volume', 'create', 'bystander');
    await inTheirs('create', '--name', 'bystander', '-v', 'bystander:/data', ref);
    const bystanders = [await inTheirs('ps', '-aqf', 'name=bystander'), 'bystander'];
    expect(bystanders[0]).not.toBe('');
    expect((await listed(RUN_LABEL)).length).toBeGreaterThan(0);

    run.kill('SIGKILL');
    await run;
    await outlast(['clean'], { cwd: folder, env });
    await sweep(await outlastHome());
    expect(await listed(RUN_LABEL)).toEqual([]);
    const left = await listed();
    for (const bystander of bystanders) expect(left).toContain(bystander);
    // Three networks are the engine's own; the anonymous volume went with its container.
    expect(left.length).toBe(bystanders.length + 3);
  });
});
