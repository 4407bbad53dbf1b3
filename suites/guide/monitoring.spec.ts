import { describe } from 'vitest';
import { note } from '../../fixtures/guide/evidence.ts';
import { loggedEvent, start, startAnew, test } from '../../fixtures/guide/stacks.ts';
import { alarmNames, healthOf } from '../../fixtures/reference-app.ts';

const SILENT = note('guide-silent: the guide names it and gives no means; its set-up raises nothing');

describe('monitoring', { timeout: 300_000 }, () => {
  test('M1, M4: database size and disk space', async ({ stacks, claim, expect }) => {
    const reference = await stacks.reference();
    await startAnew(reference);
    const quiet = await alarmNames(reference);
    const at = Date.now();
    await start(reference, { ALARM_DATABASE_BYTES: '1', ALARM_DISK_PERCENT: '0.1' });
    const { alarms } = await healthOf(reference);
    const names = alarms.map(({ alarm }) => alarm);
    const logged = await Promise.all(
      (['database-size', 'disk-space'] as const).map(async (alarm) =>
        loggedEvent(reference, 'app', 'alarm-raised', at, { alarm }),
      ),
    );
    const verdicts = (
      [
        ['M1', 'database-size', '1 byte'],
        ['M4', 'disk-space', '0.1 %'],
      ] as const
    ).map(([id, alarm, limit]) => {
      const fires = names.includes(alarm) && !quiet.includes(alarm);
      const said = alarms.find((one) => one.alarm === alarm);
      return claim(id, { asWritten: false, withFix: fires }, [
        SILENT,
        note(
          `reference: with its own limits: ${JSON.stringify(quiet)}; with a limit of ${limit}: ${said?.message ?? 'nothing'}; to do: ${said?.fix ?? 'nothing'}`,
        ),
      ]);
    });
    expect(verdicts).toEqual(['holds-with-fix', 'holds-with-fix']);
    expect(logged).toMatchObject([{ alarm: 'database-size' }, { alarm: 'disk-space' }]);
  });

  test('M3: permission errors', async ({ stacks, claim, expect }) => {
    const reference = await stacks.reference();
    await startAnew(reference);
    const quiet = await alarmNames(reference);
    await reference.ok('chown 0:0 dev_assets backups');
    const at = Date.now();
    const { status, alarms } = await healthOf(reference);
    await loggedEvent(reference, 'app', 'alarm-raised', at, { alarm: 'not-writable', path: '/app/dev_assets' });
    await reference.ok('chown 1001:1001 dev_assets backups');
    const after = await alarmNames(reference);
    const foreign = alarms.filter(({ alarm }) => alarm === 'not-writable');
    const fires = foreign.length > 0 && ![...quiet, ...after].includes('not-writable');
    const verdict = claim('M3', { asWritten: false, withFix: fires }, [
      SILENT,
      note(
        `reference: folders given to another UID: health ${status}; ${foreign.map(({ message }) => message).join('; ')}`,
      ),
      note(`reference: before and after: ${JSON.stringify([quiet, after])}`),
    ]);
    expect(verdict).toBe('holds-with-fix');
    await start(reference);
  });
});
