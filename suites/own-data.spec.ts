import { describe } from 'vitest';
import { test } from '../fixtures/outlast.ts';
import { downUp } from '../helpers/disruptions/down-up.ts';
import { kill } from '../helpers/disruptions/kill.ts';
import { restart } from '../helpers/disruptions/restart.ts';

describe("the app's own data", () => {
  test('is followed beside the rows of the run, however the app changes it', async ({ bringUp, expect }) => {
    const { matrix } = await bringUp('busy');
    for (const disruption of [restart, kill, downUp]) {
      const cells = await matrix.run(disruption);
      expect(cells).toSurvive();
      expect(cells.map(({ own }) => own)).toEqual([
        expect.objectContaining({ verdict: 'kept', before: 5, gone: 2 }),
        expect.objectContaining({ verdict: 'kept', gone: 0 }),
      ]);
      expect(cells[0]?.own?.notes).toEqual([
        'besides the rows of this run, the app keeps data of its own there: 3 of 5 entries left',
        'all 2 rows of table users hold something else than before',
        'all 2 rows of table sessions are gone; there are 2 others: not judged, such data comes and goes',
      ]);
    }
  });

  test('control: an app that makes its data anew at each start is caught by it alone', async ({
    bringUp,
    control,
    expect,
  }) => {
    const { matrix } = await bringUp('wiped-at-start');
    const [db, files] = await matrix.run(restart);
    const caught = control('wiped-at-start/restart', db, { outcome: 'lost', reason: 'own-data-gone' });
    expect(caught).toMatchObject({ ok: false, lost: 0, corrupt: 0, service: 'up', reason: 'own-data-gone' });
    expect(caught.intact).toBe(caught.acknowledged);
    expect(caught.own?.notes).toContain('all 3 rows of table users are gone; there are 3 others');
    expect(files).toMatchObject({ outcome: 'lost', ok: false, lost: 0, own: { verdict: 'lost' } });
    expect(files?.own?.notes.at(-1)).toMatch(
      /^all 2 files of folder \/data\/uploads are gone \(uploads\/one-.*, uploads\/two-/,
    );
  });
});
