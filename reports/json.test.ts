import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { renderJson, writeJson } from './json.ts';
import { goodCell, sampleReport } from './sample.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'outlast-json-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const report = sampleReport([goodCell]);
const broken = sampleReport([{ ...goodCell, lost: -1 }]);

test('writes the whole report and leaves nothing beside it', async () => {
  await writeJson(join(folder, 'report.json'), report);
  expect(JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8'))).toEqual(report);
  expect(readdirSync(folder)).toEqual(['report.json']);
});

test('keeps the old report when the new one breaks the contract', async () => {
  const path = join(folder, 'report.json');
  writeFileSync(path, 'old');
  await expect(writeJson(path, broken)).rejects.toMatchObject({ code: 'INTERNAL' });
  expect(readFileSync(path, 'utf8')).toBe('old');
});

test('says which key breaks the contract', () => {
  expect(() => renderJson(broken)).toThrow(
    expect.objectContaining({ code: 'INTERNAL', detail: expect.stringContaining('cells[0].lost') }),
  );
});

test('says so when the folder cannot be written, and leaves no partial file', async () => {
  await expect(writeJson(join(folder, 'none', 'report.json'), report)).rejects.toMatchObject({
    code: 'OUTPUT_UNWRITABLE',
  });
  // The target is a folder: the rename fails after the temporary file was written.
  await expect(writeJson(folder, report)).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
  expect(readdirSync(join(folder, '..')).filter((name) => name.startsWith(`${folder.split('/').at(-1)}.`))).toEqual([]);
});
