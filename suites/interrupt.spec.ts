import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { dir } from 'tmp-promise';
import { describe, test as base } from 'vitest';
import { outlast } from '../fixtures/cli.ts';
import { STACKS } from '../fixtures/stacks.ts';
import { TheirEngine } from '../fixtures/their-engine.ts';
import { sweep } from '../helpers/cleanup/sweep.ts';
import { outlastHome } from '../helpers/home.ts';
import { ensureBaseImage } from '../helpers/host/base-image.ts';
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

const test = base
  .extend('folder', async ({}, { onCleanup }) => {
    const made = await dir({ prefix: 'outlast-interrupt-', unsafeCleanup: true });
    onCleanup(async () => made.cleanup());
    return made.path;
  })
  .extend('theirs', async ({ folder }, { onCleanup }) => {
    const opening = TheirEngine.open(folder);
    onCleanup(async () => (await opening)[Symbol.asyncDispose]());
    return opening;
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

  test("by SIGKILL on the user's own engine takes only what is its own", async ({ theirs, folder, expect }) => {
    // Killed in the second disruption: the first has left the volume of a container that is no more.
    const options = { cwd: STACKS['anonymous-volume'], env: theirs.env };
    const args = ['--only', 'down-up,down-volumes', '--host', 'ambient', '--out', folder];
    const { run } = await startedRun('down-volumes: containers', options, args);
    const { ref } = await ensureBaseImage(theirs.host);
    await theirs.docker('volume', 'create', 'bystander');
    await theirs.docker('create', '--name', 'bystander', '-v', 'bystander:/data', ref);
    const bystanders = [await theirs.docker('ps', '-aqf', 'name=bystander'), 'bystander'];
    expect(bystanders[0]).not.toBe('');
    expect((await theirs.holds(RUN_LABEL)).length).toBeGreaterThan(0);

    run.kill('SIGKILL');
    await run;
    await outlast(['clean'], { cwd: folder, env: theirs.env });
    await sweep(await outlastHome());
    expect(await theirs.holds(RUN_LABEL)).toEqual([]);
    const left = await theirs.holds();
    for (const bystander of bystanders) expect(left).toContain(bystander);
    expect(left).toHaveLength(bystanders.length);
  });

  test("and a whole one on the user's own engine leaves no anonymous volume", async ({ theirs, folder, expect }) => {
    const args = ['run', '--only', 'down-up', '--host', 'ambient', '--out', folder];
    const { exitCode, stdout } = await outlast(args, { cwd: STACKS['anonymous-volume'], env: theirs.env });
    expect(stdout).toMatch(/down-up: hidden/);
    expect(exitCode).toBe(1);
    expect(await theirs.holds()).toEqual([]);
  });
});
