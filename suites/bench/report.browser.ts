import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';
import Table from 'cli-table3';
import { chromium } from 'playwright-core';
import { dir } from 'tmp-promise';
import { findChromium } from '../../fixtures/chromium.ts';
import { renderHtml } from '../../reports/html/page.ts';
import type { Report } from '../../reports/model.ts';
import { largeReport } from '../../reports/sample.ts';

// How long the HTML report takes to be written and to be usable in a browser: as large as that of the reference stack, and as large as they come.

const ROUNDS = 5;
const SIZES = [
  [5, 14],
  [50, 20],
] as const;

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** The first is slower than the rest, and the one that counts. */
function firstRender(report: Report): { html: string; ms: number } {
  const began = performance.now();
  const html = renderHtml(report);
  return { html, ms: performance.now() - began };
}

await using browser = await chromium.launch(await findChromium());
const folder = await dir({ prefix: 'outlast-bench-', unsafeCleanup: true });
const table = new Table({ head: ['cells', 'KB', 'render ms', 'memory MB', 'interactive ms', 'link ms'] });
for (const [stores, disruptions] of SIZES) {
  const { html, ms } = firstRender(largeReport(stores, disruptions));
  const file = join(folder.path, 'report.html');
  await writeFile(file, html);
  const interactive: number[] = [];
  const followed: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await using page = await browser.newPage();
    await page.goto(pathToFileURL(file).href);
    interactive.push(await page.evaluate('performance.getEntriesByType("navigation")[0].domInteractive'));
    followed.push(
      await page.evaluate(async () => {
        const began = performance.now();
        document.querySelector<HTMLElement>('tbody tr:last-child .tile')?.click();
        await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
        return performance.now() - began;
      }),
    );
  }
  table.push([
    `${stores} × ${disruptions}`,
    Math.round(html.length / 1024),
    Math.round(ms),
    Math.round(process.resourceUsage().maxRSS / 1024),
    Math.round(median(interactive)),
    Math.round(median(followed)),
  ]);
}
await folder.cleanup();
console.log(table.toString());
