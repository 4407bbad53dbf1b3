import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Report } from '../model.ts';
import { deadCell, fullReport, goodCell, largeReport, lostCell, sampleReport, unknownCell } from '../sample.ts';
import { renderHtml } from './page.ts';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const PHONE = { width: 380, height: 800 };
const DESK = { width: 1280, height: 900 };

let browser: Browser;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'outlast-page-'));
  browser = await chromium.launch(inject('chromium'));
});
afterAll(async () => {
  await browser.close();
  rmSync(folder, { recursive: true });
});

/** The page as somebody opens it: a file, with no network. */
async function open(report: Report, options: BrowserContextOptions = {}): Promise<{ page: Page; trouble: string[] }> {
  const file = join(folder, 'report.html');
  writeFileSync(file, renderHtml(report));
  const context = await browser.newContext({ offline: true, reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  const trouble: string[] = [];
  page.on('console', (message) => trouble.push(message.text()));
  page.on('request', (request) => trouble.push(request.url()));
  await page.goto(pathToFileURL(file).href);
  return { page, trouble: trouble.filter((line) => line !== pathToFileURL(file).href) };
}

const openAll = 'for (const each of document.querySelectorAll("details")) each.open = true';

/** What axe complains of: by every rule, or by those named. */
async function complaints(page: Page, ...rules: string[]): Promise<string[]> {
  await page.evaluate(await readFile(AXE, 'utf8'));
  const options = { resultTypes: ['violations'], ...(rules.length > 0 && { runOnly: rules }) };
  const { violations } = await page.evaluate<{
    violations: { id: string; nodes: { html: string; failureSummary: string }[] }[];
  }>(`axe.run(document, ${JSON.stringify(options)})`);
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`),
  );
}

const untried = { ...unknownCell, status: 'not-applicable', reason: 'needs-host', ok: true } as const;

describe.each([
  ['every part of the model', fullReport()],
  ['failures', sampleReport([lostCell, deadCell])],
  ['what nobody knows, and what was not tried', sampleReport([unknownCell, { ...untried, disruption: 'reboot' }])],
  ['all as it should be', sampleReport([goodCell, { ...goodCell, store: 'cache', reason: 'borrowed-time' }])],
  ['nothing', sampleReport([], { stores: [], hosts: [] })],
] as const)('axe finds no violation, with everything open: %s', (_, report) => {
  test.each([
    ['a phone', 'light', PHONE],
    ['a phone', 'dark', PHONE],
    ['a wide screen', 'light', DESK],
    ['a wide screen', 'dark', DESK],
  ] as const)('%s, %s', async (__, colorScheme, viewport) => {
    const { page } = await open(report, { viewport, colorScheme });
    await page.evaluate(openAll);
    expect(await complaints(page)).toEqual([]);
    await page.context().close();
  });
});

test('axe finds no violation in 50 stores and 20 disruptions', async () => {
  const { page } = await open(largeReport(50, 20), { viewport: DESK, colorScheme: 'light' });
  expect(await complaints(page)).toEqual([]);
  // Nothing but the colours differs.
  await page.emulateMedia({ colorScheme: 'dark' });
  expect(await complaints(page, 'color-contrast')).toEqual([]);
  await page.context().close();
});

describe.each([
  ['a phone', PHONE],
  ['a wide screen', DESK],
] as const)('on %s', (_, viewport) => {
  test('the page is as wide as the screen, whatever it has to show', async () => {
    const long = 'x'.repeat(300);
    const { page } = await open(
      sampleReport([{ ...lostCell, store: long, evidence: [{ kind: 'command', text: long }] }], {
        stores: [
          { id: long, kind: long, service: long, path: `/${long}`, layer: 'bind', source: long, writer: 'probe' },
        ],
        claims: [{ id: long, statement: long, verdict: 'holds', evidence: [{ kind: 'note', text: long }] }],
        controls: [{ id: long, expected: 'lost', outcome: 'lost', caught: true, reason: long }],
      }),
      { viewport },
    );
    await page.evaluate(openAll);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(viewport.width);
    await page.context().close();
  });
});

test('nothing is asked for besides the file, and nothing is complained of', async () => {
  const { page, trouble } = await open(fullReport());
  await page.evaluate(openAll);
  expect(trouble).toEqual([]);
  await page.context().close();
});

test('by keyboard, from the matrix to the evidence of a cell that was closed', async () => {
  const { page } = await open(fullReport(), { viewport: DESK });
  const evidence = page.locator('[id="restart.notes"]');
  expect(await evidence.isVisible()).toBe(false);
  await page.keyboard.press('Tab');
  expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the matrix');
  await page.locator('.tile').first().focus();
  await page.keyboard.press('Enter');
  await evidence.waitFor({ state: 'visible' });
  await expect
    .poll(async () => evidence.boundingBox().then((box) => box !== null && box.y >= 0 && box.y < DESK.height))
    .toBe(true);
  await page.context().close();
});

test('what is not as it should be is open; the rest can be put away', async () => {
  const { page } = await open(fullReport(), { viewport: DESK });
  expect(await page.locator('[id="down-up.notes"]').isVisible()).toBe(true);
  const fine = page.locator('details.disruption', { has: page.locator('#down-volumes') });
  expect(await fine.isVisible()).toBe(true);
  await page.getByLabel('Only what is not as it should be').check();
  expect(await fine.isVisible()).toBe(false);
  expect(await page.locator('[id="down-up.notes"]').isVisible()).toBe(true);
  await page.context().close();
});

test('with 50 stores and 20 disruptions the page can be used within a second', async () => {
  const times: number[] = [];
  for (let round = 0; round < 3; round++) {
    const { page } = await open(largeReport(50, 20), { viewport: DESK });
    times.push(await page.evaluate('performance.getEntriesByType("navigation")[0].domInteractive'));
    await page.context().close();
  }
  // The others tell of what else the machine had to do.
  expect(Math.min(...times)).toBeLessThan(1000);
});

test('on paper the matrix is whole, and what only works on a screen is gone', async () => {
  const { page } = await open(largeReport(50, 3), { viewport: DESK });
  const hidden = 'document.querySelector(".scroll").scrollHeight - document.querySelector(".scroll").clientHeight';
  expect(await page.evaluate(hidden)).toBeGreaterThan(0);
  await page.emulateMedia({ media: 'print' });
  expect(await page.evaluate(hidden)).toBe(0);
  expect(await page.locator('nav').isVisible()).toBe(false);
  await page.context().close();
});

test('on paper the matrix of twenty disruptions is no wider than the sheet, and the sheet stays white', async () => {
  // A4 with the margins of a browser, at 96 dots an inch.
  const { page } = await open(largeReport(50, 20), { viewport: { width: 720, height: 1040 } });
  await page.emulateMedia({ media: 'print' });
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(720);
  expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(255, 255, 255)');
  await page.context().close();
});

test('a finding leads to what its rule says, which was closed', async () => {
  const { page } = await open(fullReport(), { viewport: PHONE });
  const rule = page.locator('#rule_container-layer-data');
  expect(await rule.isVisible()).toBe(false);
  await page.getByRole('link', { name: 'container-layer-data' }).focus();
  await page.keyboard.press('Enter');
  await rule.waitFor({ state: 'visible' });
  expect(await rule.innerText()).toContain('gone with the next recreation');
  await page.context().close();
});

test.for([
  ['on a wide screen a tile says it in words', DESK, 2, false],
  ['on a phone', PHONE, 2, true],
  ['where there is no room for words', DESK, 20, true],
] as const)('the mark of a surprise is explained where it is shown: %s', async ([, viewport, disruptions, shown]) => {
  const { page } = await open(largeReport(20, disruptions), { viewport });
  expect(await page.getByText('Something else was predicted.').isVisible()).toBe(shown);
  const mark = 'getComputedStyle(document.querySelector(".tile:has(.surprise)"), "::after").content';
  expect(await page.evaluate(mark)).toBe(shown ? '""' : 'none');
  await page.context().close();
});

test('no line of a summary holds nothing but its arrow', async () => {
  const { page } = await open(largeReport(1, 1), { viewport: PHONE });
  await page.evaluate(openAll);
  const heights = await page.evaluate<number[]>(
    '[...document.querySelectorAll(".proof > summary")].map((each) => each.getBoundingClientRect().height)',
  );
  expect(heights.length).toBeGreaterThan(0);
  expect(Math.max(...heights)).toBeLessThan(60);
  await page.context().close();
});

const HOSTILE = [
  '</script><script>window.hit = 1</script>',
  '<img src=x onerror="window.hit = 1">',
  '" onmouseover="window.hit = 1" x="',
  "' autofocus onfocus='window.hit = 1",
  '</style><svg onload="window.hit = 1">',
  '</title></details>--><b>',
  '`<i>code</i>`',
];

test('what comes from outside stays text, wherever it stands', async () => {
  const text = HOSTILE.join(' ');
  const evidence = (['command', 'rows', 'integrity', 'log', 'note'] as const).map((kind) => ({ kind, text }));
  const proof = { before: { [text]: text }, after: { [text]: text }, changed: [text], unchanged: [] };
  const cell = {
    ...lostCell,
    disruption: text,
    title: text,
    store: text,
    host: text,
    acceptedBy: null,
    proof,
    evidence,
  };
  const { page } = await open(
    sampleReport([cell, { ...goodCell, ...cell, host: `${text}2`, ok: false, acceptedBy: text }], {
      runId: text,
      seed: text,
      tool: { version: text },
      stack: {
        name: text,
        files: [text],
        digest: text,
        commit: text,
        services: [text],
        changes: [text],
        baseImage: null,
        mounts: [{ service: text, layer: 'bind', source: text, target: text, readOnly: true }],
      },
      hosts: [{ id: text, kind: 'private', engineVersion: text, composeVersion: text }],
      stores: [{ id: text, kind: text, service: text, path: text, layer: 'container', source: text, writer: 'app' }],
      findings: [
        {
          rule: text,
          hazard: text,
          severity: 'error',
          service: text,
          file: text,
          line: 1,
          path: text,
          title: text,
          why: text,
          fix: text,
          excerpt: text,
          fingerprint: text,
        },
      ],
      claims: [{ id: text, statement: text, verdict: 'refuted', evidence }],
      controls: [{ id: text, expected: text, outcome: text, caught: false, reason: text }],
      gate: {
        decision: 'refused',
        reasons: [{ code: 'finding', text }],
        accepted: [{ what: text, reason: text, until: '2020-03-20' }],
      },
      baseline: { runId: text, worse: [{ disruption: text, store: text, before: null, after: 'lost' }] },
    }),
    // Without the policy, so that it is the escaping alone that holds.
    { bypassCSP: true },
  );
  await page.evaluate(openAll);
  const markup =
    'document.querySelectorAll("script, img, svg, b, i, [onmouseover], [onfocus], [onerror], [onload]").length';
  expect(await page.evaluate(markup)).toBe(0);
  expect(await page.evaluate('window.hit')).toBeUndefined();
  expect(await page.title()).toContain('</title>');
  expect(await page.locator('body').innerText()).toContain(HOSTILE[0]);
  await page.context().close();
});
