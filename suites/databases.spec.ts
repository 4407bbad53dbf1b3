import { join } from 'node:path';
import { describe } from 'vitest';
import { test } from '../fixtures/outlast.ts';
import { STACKS } from '../fixtures/stacks.ts';
import { discoverStores } from '../helpers/discovery/discover-stores.ts';
import { downUp } from '../helpers/disruptions/down-up.ts';
import { downVolumes } from '../helpers/disruptions/down-volumes.ts';
import { kill } from '../helpers/disruptions/kill.ts';
import { reboot } from '../helpers/disruptions/reboot.ts';

const GONE = { data: 'lost', ok: true };

describe('database servers', () => {
  test('come through with every row, and are ready when they answer', async ({ bringUp, expect }) => {
    const { matrix } = await bringUp('databases');
    for (const disruption of [kill, downUp, reboot]) {
      const cells = await matrix.run(disruption);
      expect(cells).toSurvive();
      expect(cells.map(({ store }) => store)).toEqual(['orders', 'shop', 'cache']);
      const checks = cells.flatMap(({ evidence }) => evidence.filter(({ kind }) => kind === 'integrity'));
      expect(checks.map(({ text }) => text.split('\n')[0])).toEqual([
        expect.stringMatching(/^ok: amcheck: \d+ tables and indexes$/),
        expect.stringMatching(/^ok: CHECK TABLE: \d+ tables$/),
        expect.stringMatching(/^ok: aof: /),
      ]);
    }
  });

  test('are found without being configured, and their folders are no stores besides', async ({ bringUp, expect }) => {
    const { session } = await bringUp('databases');
    const stack = await (await session.build()).up(90_000);
    expect((await discoverStores(stack)).stores).toEqual([
      { id: 'mariadb-mysql-mysql', kind: 'mysql', service: 'mariadb', path: '/var/lib/mysql' },
      { id: 'postgres-data-postgres', kind: 'postgres', service: 'postgres', path: '/var/lib/postgresql/data' },
      { id: 'redis-data-redis', kind: 'redis', service: 'redis', path: '/data' },
    ]);
  });

  test('lose every row with their volumes', async ({ bringUp, expect }) => {
    const { matrix } = await bringUp('databases');
    const cells = await matrix.run(downVolumes);
    expect(cells.map(({ data, ok }) => ({ data, ok }))).toEqual([GONE, GONE, GONE]);
  });

  test('control: what is held in memory alone is lost', async ({ sabotage, expect }) => {
    expect(await sabotage('unsaved-redis', kill, 'lost')).toMatchObject({ outcome: 'lost', ok: false });
  });

  test.for([
    ['redis', 'WRONGPASS'],
    ['postgres', 'password authentication failed'],
    ['mariadb', 'Access denied'],
  ] as const)(
    '%s that refuses the login stops the run, and no password is told',
    async ([service, words], { bringUp, expect }) => {
      const config = join(STACKS['wrong-password'], `${service}.yaml`);
      await expect(bringUp('wrong-password', config)).rejects.toMatchObject({
        code: 'STORE_REFUSED',
        message: expect.stringMatching(
          new RegExp(
            `^The service "${service}": store "rows": The server refuses the login: ${words} (?!.*not-the-secret)`,
          ),
        ) as string,
      });
    },
  );
});
