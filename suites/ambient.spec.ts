import { appendFile, cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe } from 'vitest';
import { outlast } from '../fixtures/cli.ts';
import { STACKS } from '../fixtures/stacks.ts';
import { test as base } from '../fixtures/their-engine.ts';
import { livingRuns, openRun } from '../helpers/cleanup/run.ts';
import { outlastHome } from '../helpers/home.ts';
import { ensureBaseImage } from '../helpers/host/base-image.ts';
import type { Report } from '../reports/model.ts';

const test = base.extend('onTheirs', ({ folder, theirs, signal }) => {
  /** Runs a stack on somebody's engine, which can be neither rebooted nor killed. */
  return async (cwd: string, ...args: string[]) => {
    const options = { cwd, env: theirs.env, signal };
    const { exitCode, stderr } = await outlast(['run', '--host', 'ambient', '--out', folder, ...args], options);
    const text = await readFile(join(folder, 'report.json'), 'utf8').catch(() => {
      throw new Error(stderr);
    });
    const { verdict, stack, cells } = JSON.parse(text) as Report;
    const status = Object.fromEntries(cells.map((cell) => [cell.disruption, `${cell.status} ${cell.reason}`]));
    return { exitCode, verdict, stack, cells, status };
  };
});

describe("on the user's own engine", () => {
  test('what it does not allow is left out, and the rest decides', async ({ onTheirs, expect }) => {
    const { exitCode, verdict, status } = await onTheirs(STACKS['slow-init']);
    expect(status).toMatchObject({
      restart: 'ran null',
      'down-up': 'ran null',
      'down-volumes': 'ran rows-missing',
      reboot: 'not-applicable needs-host',
      crash: 'not-applicable needs-host',
    });
    expect([exitCode, verdict]).toEqual([0, 'outlasts']);
  });

  test('what is asked for by name and not possible is inconclusive', async ({ onTheirs, expect }) => {
    const { exitCode, verdict, status } = await onTheirs(STACKS['slow-init'], '--only', 'reboot,restart');
    expect(status).toEqual({ restart: 'ran null', reboot: 'not-run needs-host' });
    expect([exitCode, verdict]).toEqual([3, 'inconclusive']);
  });

  test('of the base images that were assembled there the last one stays, and `clean` removes it', async ({
    onTheirs,
    folder,
    theirs,
    expect,
  }) => {
    const { ref } = await ensureBaseImage(theirs.host);
    const mine = ['mine/base:1', 'outlast/other:1'];
    for (const tag of ['outlast/base:0123456789abcdef', ...mine]) await theirs.docker('tag', ref, tag);
    const context = join(folder, 'context');
    await mkdir(context);
    await writeFile(join(context, 'Dockerfile'), 'FROM scratch\nLABEL of=somebody\n');
    await theirs.docker('build', '--tag', 'outlast/base:of-somebody', context);
    const images = async () =>
      (await theirs.docker('images', '--format', '{{.Repository}}:{{.Tag}}'))
        .split('\n')
        .filter((name) => /^(mine|outlast)\/(base|other):/.test(name))
        .toSorted();

    const { exitCode, stack } = await onTheirs(STACKS['slow-init'], '--only', 'restart');
    expect(exitCode).toBe(0);
    expect(stack?.changes).toContainEqual(
      expect.stringMatching(`^app: built from ${ref} in place of node:.*, as it (cannot|could not) be pulled.*: .+`),
    );
    expect(await images()).toEqual([...mine, ref, 'outlast/base:of-somebody'].toSorted());

    {
      const home = await outlastHome();
      await using another = await openRun(home, 'another');
      expect(await livingRuns(home)).toEqual([another.id]);
      expect((await outlast(['clean'], { cwd: folder, env: theirs.env })).exitCode).toBe(0);
      expect(await images()).toContain(ref);
    }
    const cleaned = await outlast(['clean'], { cwd: folder, env: theirs.env });
    expect(cleaned).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(`removed image ${ref}`) });
    expect(await images()).toEqual([...mine, 'outlast/base:of-somebody'].toSorted());
  });

  test('control: a folder with another name is another project there, and what is left out stays out of it', async ({
    onTheirs,
    folder,
    theirs,
    task,
    expect,
  }) => {
    const cwd = join(folder, 'shop');
    await cp(STACKS['unnamed-project'], cwd, { recursive: true });
    const compose = await readFile(join(cwd, 'compose.yaml'), 'utf8');
    const extra = '    depends_on: [extra]\n  extra: { build: . }\n';
    await writeFile(join(cwd, 'compose.yaml'), compose.replace(/^(?=volumes:)/m, extra));
    await appendFile(join(cwd, 'outlast.yaml'), 'leave_out: [extra]\n');
    const before = await theirs.holds();

    const { exitCode, stack, cells } = await onTheirs(cwd, '--only', 'move-project');
    const [moved] = cells;
    const caught = moved?.outcome === 'hidden';
    const seen = { outcome: moved?.outcome ?? 'none', caught, reason: moved?.reason ?? null };
    task.meta.persistence = { controls: [{ id: 'unnamed-project/ambient-move-project', expected: 'hidden', ...seen }] };
    expect(cells.map(({ store, outcome, intact }) => [store, outcome, intact])).toEqual([
      ['data', 'hidden', 0],
      ['beside', 'survived', 10],
      ['outside', 'survived', 10],
      ['fixed', 'survived', 10],
    ]);
    const own = expect.stringMatching(/^outlast-[0-9a-f]{8}$/) as string;
    const other = expect.stringMatching(/^outlast-[0-9a-f]{8}-moved$/) as string;
    expect(moved?.proof).toMatchObject({ before: { 'project name': own }, after: { 'project name': other } });
    expect(stack?.services).toEqual(['app']);
    const facts = [moved?.proof.before, moved?.proof.after].flatMap((each) => Object.keys(each ?? {}));
    expect(facts).toEqual(expect.arrayContaining(['app container']));
    expect(facts.filter((fact) => fact.startsWith('extra'))).toEqual([]);
    expect(exitCode).toBe(1);
    expect(await theirs.holds()).toEqual(before);
  });
});
