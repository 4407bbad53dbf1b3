import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Format, FORMATS } from '../../reports/formats.ts';
import { fullReport } from '../../reports/sample.ts';
import { writeReport } from '../../reports/write.ts';

const LAUNCHER = fileURLToPath(new URL('launcher.js', import.meta.url));
const report = fullReport();

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'outlast-report-'));
  await writeReport(folder, report);
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const outlast = async (...args: string[]) =>
  execa(process.execPath, [LAUNCHER, ...args], { reject: false, stripFinalNewline: false });

test.for(Object.keys(FORMATS) as Format[])(
  'report --format %s is what the run itself would have written',
  async (format) => {
    const { stdout, exitCode } = await outlast('report', folder, '--format', format);
    expect({ stdout, exitCode }).toEqual({ stdout: FORMATS[format](report), exitCode: 0 });
  },
);

test.for([
  ['FORCE_COLOR', '\u001b[31mNO_REPORT'],
  ['NO_COLOR', 'NO_REPORT'],
] as const)('%s is respected on stderr, which is no terminal', async ([name, begins]) => {
  const env = { FORCE_COLOR: undefined, NO_COLOR: undefined, [name]: '1' };
  const { stderr } = await execa(process.execPath, [LAUNCHER, 'report', join(folder, 'none')], { reject: false, env });
  expect(stderr.startsWith(begins)).toBe(true);
});

test('what is wrong is told by its code, and nothing else is written', async () => {
  const missing = await outlast('report', join(folder, 'none'));
  expect(missing).toMatchObject({ exitCode: 2, stdout: '', stderr: expect.stringContaining('NO_REPORT') });
  const strange = await outlast('report', folder, '--format', 'tea');
  expect(strange).toMatchObject({ exitCode: 2, stdout: '', stderr: expect.stringContaining('markdown') });
});
