import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { renderJson } from './json.ts';
import { readReport } from './read.ts';
import { fullReport } from './sample.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'outlast-read-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const report = fullReport();
const whole = renderJson(report);
const lay = (text: string) => writeFileSync(join(folder, 'report.json'), text);

test('gives back the report as it was written', async () => {
  lay(whole);
  expect(await readReport(folder)).toEqual(report);
});

test('keeps keys that it does not know: they are a minor change', async () => {
  lay(JSON.stringify({ ...report, added: 1 }));
  expect(await readReport(folder)).toHaveProperty('added', 1);
});

test.for([
  ['half a file', whole.slice(0, whole.length / 2), 'REPORT_DAMAGED', 'report.json'],
  ['an empty file', '', 'REPORT_DAMAGED', 'report.json'],
  ['another JSON', '[1]', 'REPORT_DAMAGED', 'breaks the contract'],
  ['a missing part', whole.replace('"cells"', '"cell"'), 'REPORT_DAMAGED', 'breaks the contract'],
  ['another version', whole.replace('outlast.report/1', 'outlast.report/2'), 'REPORT_VERSION', 'outlast.report/2'],
  ['another schema', whole.replace('outlast.report/1', 'else/1'), 'REPORT_DAMAGED', 'breaks the contract'],
] as const)('%s', async ([, text, code, message]) => {
  lay(text);
  await expect(readReport(folder)).rejects.toMatchObject({
    code,
    message: expect.stringContaining(message),
    exitCode: 2,
  });
});

const strange = whole.replaceAll('"rows-missing"', '"of-tomorrow"');
const later = (text: string) => text.replace('"version": "0.0.0"', '"version": "99.10.0"');

test.for([
  ['a value that is new, of a later Outlast', later(strange), 'REPORT_VERSION', 'Outlast 99.10.0 has written it'],
  ['a value that is none, of this Outlast', strange, 'REPORT_DAMAGED', 'breaks the contract'],
  ['something else, of a later Outlast', later(strange.replace('"cells"', '"cell"')), 'REPORT_DAMAGED', 'breaks'],
  ['a contradiction, of a later Outlast', later(whole.replace('"loses"', '"fails"')), 'REPORT_DAMAGED', 'contradicts'],
] as const)('%s: it says which', async ([, text, code, message]) => {
  lay(text);
  await expect(readReport(folder)).rejects.toMatchObject({
    code,
    message: expect.stringContaining(message),
    detail: expect.stringMatching(/cells|verdict/),
    exitCode: 2,
  });
});

test('says which key is wrong', async () => {
  lay(whole.replace('"cells"', '"cell"'));
  await expect(readReport(folder)).rejects.toMatchObject({ detail: expect.stringContaining('cells') });
});

test('no report', async () => {
  await expect(readReport(folder)).rejects.toMatchObject({ code: 'NO_REPORT', exitCode: 2 });
  await expect(readReport(join(folder, 'none'))).rejects.toMatchObject({ code: 'NO_REPORT' });
});
