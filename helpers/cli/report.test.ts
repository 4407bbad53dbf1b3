import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Format, FORMATS } from '../../reports/formats.ts';
import { fullReport, largeReport } from '../../reports/sample.ts';
import { writeJson } from '../../reports/json.ts';
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

/** Tells on stderr what the process has taken. */
const METER =
  'data:text/javascript,process.on("exit", () => { const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage(); process.stderr.write(JSON.stringify({ megabytes: maxRSS / 1024, seconds: (userCPUTime + systemCPUTime) / 1e6 })); })';

test('the page of 50 stores and 20 disruptions takes less than 2 s of a processor and 300 MB', async () => {
  const large = join(folder, 'large');
  mkdirSync(large);
  await writeJson(join(large, 'report.json'), largeReport(50, 20));
  const { stderr, stdout } = await execa(process.execPath, ['--import', METER, LAUNCHER, 'report', large]);
  expect(stdout.length).toBeGreaterThan(3_000_000);
  const { megabytes, seconds } = JSON.parse(stderr) as { megabytes: number; seconds: number };
  expect(megabytes).toBeLessThan(300);
  expect(seconds).toBeLessThan(2);
});
