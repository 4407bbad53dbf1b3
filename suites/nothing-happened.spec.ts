import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe } from 'vitest';
import { test } from '../fixtures/outlast.ts';
import { sessionOn } from '../fixtures/stacks.ts';
import { DISRUPTIONS } from '../helpers/disruptions/catalogue.ts';
import { crash } from '../helpers/disruptions/crash.ts';
import { reboot } from '../helpers/disruptions/reboot.ts';
import { outlastHome } from '../helpers/home.ts';
import { PrivateHost } from '../helpers/host/private-host.ts';
import { needsBackup } from '../helpers/scenario/matrix.ts';
import { verdictOf } from '../helpers/verdict/expectation.ts';

describe('a disruption that does nothing', () => {
  test('is unknown, never survived', async ({ bringUp, expect }) => {
    const { matrix: plain } = await bringUp('no-restart-policy');
    const { matrix: bound } = await bringUp('silent-fallback');
    // What needs a backup has a control of its own: restore.spec.ts.
    for (const disruption of DISRUPTIONS.filter((one) => !needsBackup(one))) {
      const matrix = disruption.needs === 'bind' ? bound : plain;
      const cells = await matrix.run({ ...disruption, inject: async () => [] });
      expect(
        cells.map(({ outcome, reason }) => ({ outcome, reason })),
        disruption.id,
      ).toEqual([{ outcome: 'unknown', reason: 'not-proven' }]);
    }
  });
});

describe('a boot of another kind than it should be', () => {
  test.for([
    { what: 'a crash in the place of a reboot', claimed: reboot, done: crash },
    { what: 'a reboot in the place of a crash', claimed: crash, done: reboot },
  ])('$what is unknown', async ({ claimed, done }, { bringUp, expect }) => {
    const { matrix } = await bringUp('slow-init');
    const cells = await matrix.run({ ...claimed, inject: async (context) => done.inject(context) });
    expect(cells.map(({ reason }) => reason)).toEqual(cells.map(() => 'not-proven'));
  });
});

describe('an engine that dies and does not come back', () => {
  const mortal = test.extend('mortal', async ({ signal }, { onCleanup }) => {
    const opened = new AsyncDisposableStack();
    onCleanup(async () => opened.disposeAsync());
    const host = await PrivateHost.open({ home: await outlastHome(), signal });
    // With the engine dead, or dying still, neither can say that nothing is left; the host goes whole.
    opened.defer(async () => host[Symbol.asyncDispose]().catch(() => {}));
    const session = await sessionOn('no-restart-policy', host, signal);
    opened.defer(async () => session[Symbol.asyncDispose]().catch(() => {}));
    const matrix = await session.start();
    const { init } = JSON.parse(await readFile(join(host.projectsDir, '../../tenant.json'), 'utf8')) as {
      init: { pid: number };
    };
    return { matrix, dies: () => process.kill(init.pid, 'SIGKILL') };
  });

  mortal('before the disruption, leaves everything unknown', async ({ mortal: { matrix, dies }, expect }) => {
    dies();
    const cells = await matrix.run(crash);
    expect(cells.map(({ status, outcome, reason }) => ({ status, outcome, reason }))).toEqual([
      { status: 'not-run', outcome: 'unknown', reason: 'checker-failed' },
    ]);
    expect(verdictOf(cells)).toBe('inconclusive');
  });

  mortal('leaves everything unknown, and no service is blamed', async ({ mortal: { matrix, dies: die }, expect }) => {
    const dies = async () => {
      die();
      return [];
    };
    const cells = await matrix.run({ ...crash, inject: dies });
    expect(cells.map(({ outcome, service, reason }) => ({ outcome, service, reason }))).toEqual([
      { outcome: 'unknown', service: 'unknown', reason: 'host-died' },
    ]);
    expect(verdictOf(cells)).toBe('inconclusive');
  });
});
