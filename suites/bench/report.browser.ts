import { performance } from 'node:perf_hooks';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import Table from 'cli-table3';
import { execa } from 'execa';
import { chromium } from 'playwright-core';
import { dir } from 'tmp-promise';
import { findChromium } from '../../fixtures/chromium.ts';
import { largeReport } from '../../reports/sample.ts';
import { writeReport } from '../../reports/write.ts';
import { holdTo, type Goal } from './goals.ts';

// How long the HTML report takes to be written and to be usable in a browser: as large as that of the reference stack, and as large as they come.

const ROUNDS = 5;
/** Its stores; the goals are about it. */
const LARGEST = 50;
const SIZES = [
  [5, 14],
  [LARGEST, 20],
] as const;
const LAUNCHER = fileURLToPath(new URL('../../helpers/cli/launcher.js', import.meta.url));
/** The greatest memory in KB. The kernel's account of a process begins with that of the one that started it; this does not. */
const METER =
  'data:text/javascript,import { readFileSync } from "node:fs"; process.on("exit", () => console.error(/VmHWM:\\s*(\\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]))';

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

await using browser = await chromium.launch(await findChromium());
const folder = await dir({ prefix: 'outlast-bench-', unsafeCleanup: true });
const table = new Table({
  head: ['cells', 'KB', '`outlast report` ms', 'memory MB', 'interactive ms', 'link ms'],
  style: { head: [], border: [] },
});
const goals: Goal[] = [];
for (const [stores, disruptions] of SIZES) {
  await writeReport(folder.path, largeReport(stores, disruptions));
  const rendered: number[] = [];
  const memory: number[] = [];
  const interactive: number[] = [];
  const followed: number[] = [];
  let size = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const began = performance.now();
    const { stdout, stderr } = await execa(process.execPath, ['--import', METER, LAUNCHER, 'report', folder.path]);
    rendered.push(performance.now() - began);
    memory.push(Number(stderr) / 1024);
    size = Buffer.byteLength(stdout);
    await using page = await browser.newPage();
    await page.goto(pathToFileURL(join(folder.path, 'report.html')).href);
    interactive.push(await page.evaluate('performance.getEntriesByType("navigation")[0].domInteractive'));
    followed.push(
      await page.evaluate(async () => {
        const clicked = performance.now();
        document.querySelector<HTMLElement>('tbody tr:last-child .tile')?.click();
        await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
        return performance.now() - clicked;
      }),
    );
  }
  table.push([
    `${stores} × ${disruptions}`,
    Math.round(size / 1024),
    ...[rendered, memory, interactive, followed].map((values) => Math.round(median(values))),
  ]);
  if (stores === LARGEST)
    goals.push(
      { what: `${stores} × ${disruptions} rendered`, seen: median(rendered), limit: 2000, unit: 'ms' },
      { what: `${stores} × ${disruptions} in memory`, seen: median(memory), limit: 300, unit: 'MB' },
      { what: `${stores} × ${disruptions} interactive`, seen: median(interactive), limit: 1000, unit: 'ms' },
    );
}
await folder.cleanup();
console.log(table.toString());
holdTo(goals);
