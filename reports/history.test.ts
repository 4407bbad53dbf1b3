import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dir } from 'tmp-promise';
import { test as base } from 'vitest';
import { keepInHistory, lastInHistory } from './history.ts';
import { fullReport } from './sample.ts';

const report = fullReport();
const stack = report.stack ?? { name: '' };
/** A run on this day of January. */
const runOn = (day: number, name = stack.name) => ({
  ...fullReport(),
  runId: `r${day}`,
  startedAt: `2020-01-${String(day).padStart(2, '0')}T10:00:00.000Z`,
  stack: report.stack && { ...report.stack, name },
});

const test = base
  .extend('folder', async ({}, { onCleanup }) => {
    const made = await dir({ prefix: 'outlast-history-', unsafeCleanup: true });
    onCleanup(async () => made.cleanup());
    return made.path;
  })
  .extend(
    'names',
    ({ folder }) =>
      async () =>
        (await readdir(join(folder, 'history'))).toSorted(),
  );

test('where nothing was kept there is no run before', async ({ folder, expect }) => {
  expect(await lastInHistory(folder, 'demo')).toEqual({ report: null, notes: [] });
});

test('a run is kept whole, on one line', async ({ folder, names, expect }) => {
  await keepInHistory(folder, report);
  const [name = ''] = await names();
  const text = await readFile(join(folder, 'history', name), 'utf8');
  expect(text.trimEnd()).not.toContain('\n');
  expect(await lastInHistory(folder, stack.name)).toEqual({ report, notes: [] });
});

test('the newest is the run before, however they came', async ({ folder, expect }) => {
  for (const day of [2, 3, 1]) await keepInHistory(folder, runOn(day));
  expect((await lastInHistory(folder, stack.name)).report?.runId).toBe('r3');
});

test('twenty are kept, the newest', async ({ folder, names, expect }) => {
  for (let day = 22; day >= 1; day--) await keepInHistory(folder, runOn(day));
  await keepInHistory(folder, runOn(23));
  const kept = await names();
  expect(kept).toHaveLength(20);
  expect([kept[0], kept.at(-1)]).toEqual(['2020-01-04T10-00-00.000Z-r4.json', '2020-01-23T10-00-00.000Z-r23.json']);
});

test('runs of another stack are passed over, and it says so', async ({ folder, expect }) => {
  await keepInHistory(folder, runOn(1));
  await keepInHistory(folder, runOn(2, 'other'));
  const earlier = await lastInHistory(folder, stack.name);
  expect(earlier.report?.runId).toBe('r1');
  expect(earlier.notes).toEqual([expect.stringMatching(/^HISTORY_OTHER_STACK {2}.* holds runs of other too/)]);
});

test('a history of other stacks alone is refused', async ({ folder, expect }) => {
  await keepInHistory(folder, runOn(1));
  await keepInHistory(folder, runOn(2, 'other'));
  await expect(lastInHistory(folder, 'third')).rejects.toMatchObject({
    code: 'HISTORY_OTHER_STACK',
    exitCode: 2,
    message: expect.stringContaining(`holds runs of other, ${stack.name}, and this is third.`),
  });
});

test('what cannot be read is passed over, and it says so by its code', async ({ folder, expect }) => {
  await keepInHistory(folder, runOn(1));
  const history = join(folder, 'history');
  await mkdir(history, { recursive: true });
  await writeFile(join(history, '2020-01-02.json'), '{');
  await writeFile(join(history, '2020-01-03.json'), JSON.stringify({ ...report, schema: 'outlast.report/2' }));
  await writeFile(join(history, 'notes.txt'), 'mine');
  const earlier = await lastInHistory(folder, stack.name);
  expect(earlier.report?.runId).toBe('r1');
  expect(earlier.notes).toEqual([
    expect.stringMatching(/^REPORT_VERSION {2}.*2020-01-03\.json/),
    expect.stringMatching(/^REPORT_DAMAGED {2}.*2020-01-02\.json/),
  ]);
});
