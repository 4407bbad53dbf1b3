import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe } from 'vitest';
import { outlast } from '../fixtures/cli.ts';
import { STACKS } from '../fixtures/stacks.ts';
import { test as base } from '../fixtures/their-engine.ts';
import type { CellRecord } from '../helpers/scenario/record.ts';

const test = base.extend('onTheirs', ({ folder, theirs, signal }) => {
  /** Runs a sound stack on somebody's engine, which can be neither rebooted nor killed. */
  return async (...args: string[]) => {
    const options = { cwd: STACKS['slow-init'], env: theirs.env, signal };
    const { exitCode } = await outlast(['run', '--host', 'ambient', '--out', folder, ...args], options);
    const { verdict, cells }: { verdict: string; cells: readonly CellRecord[] } = JSON.parse(
      await readFile(join(folder, 'report.json'), 'utf8'),
    );
    const status = Object.fromEntries(cells.map((cell) => [cell.disruption, `${cell.status} ${cell.reason}`]));
    return { exitCode, verdict, status };
  };
});

describe("on the user's own engine", () => {
  test('what it does not allow is left out, and the rest decides', async ({ onTheirs, expect }) => {
    const { exitCode, verdict, status } = await onTheirs();
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
    const { exitCode, verdict, status } = await onTheirs('--only', 'reboot,restart');
    expect(status).toEqual({ restart: 'ran null', reboot: 'not-run needs-host' });
    expect([exitCode, verdict]).toEqual([3, 'inconclusive']);
  });
});
