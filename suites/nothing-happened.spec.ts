import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe } from 'vitest';
import { test } from '../fixtures/outlast.ts';
import { sessionOn } from '../fixtures/stacks.ts';
import { DISRUPTIONS } from '../helpers/disruptions/catalogue.ts';
import { crash } from '../helpers/disruptions/crash.ts';
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

describe('an engine that dies and does not come back', () => {
  test('leaves everything unknown, and no service is blamed', async ({ signal, onTestFinished, expect }) => {
    const host = await PrivateHost.open({ home: await outlastHome(), signal });
    onTestFinished(async () => host[Symbol.asyncDispose]());
    const session = await sessionOn('no-restart-policy', host, signal);
    // With its engine gone it cannot say that nothing is left; the host goes whole.
    onTestFinished(async () => session[Symbol.asyncDispose]().catch(() => {}));
    const matrix = await session.start();
    const { init } = JSON.parse(await readFile(join(host.projectsDir, '../../tenant.json'), 'utf8')) as {
      init: { pid: number };
    };
    const dies = async () => {
      process.kill(init.pid, 'SIGKILL');
      return [];
    };
    const cells = await matrix.run({ ...crash, inject: dies });
    expect(cells.map(({ outcome, service, reason }) => ({ outcome, service, reason }))).toEqual([
      { outcome: 'unknown', service: 'unknown', reason: 'host-died' },
    ]);
    expect(verdictOf(cells)).toBe('inconclusive');
  });
});
