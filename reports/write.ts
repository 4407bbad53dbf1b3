import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { renderHtml } from './html/page.ts';
import { writeJson, writeWhole } from './json.ts';
import { renderMarkdown } from './markdown.ts';
import type { Report, ReportCell } from './model.ts';

/** Evidence of failed cells, a folder each. */
const EVIDENCE = 'evidence';

/**
 * Writes what a run leaves behind: `report.json`, `report.md` and `report.html` for people, and for each failed cell its
 * evidence, in `evidence/DISRUPTION/STORE/`.
 * @throws OutlastError INTERNAL when the report breaks the contract, OUTPUT_UNWRITABLE
 */
export async function writeReport(folder: string, report: Report): Promise<void> {
  await writeJson(join(folder, 'report.json'), report);
  await writeWhole(join(folder, 'report.md'), renderMarkdown(report));
  await writeWhole(join(folder, 'report.html'), renderHtml(report));
  await rm(join(folder, EVIDENCE), { recursive: true, force: true });
  const failed = report.cells.filter(({ ok, status }) => !ok && status === 'ran');
  for (const cell of failed)
    await writeEvidence(join(folder, EVIDENCE, asName(cell.disruption), asName(cell.store)), cell);
}

/** A test that brought no cell stands there by its title. */
function asName(text: string): string {
  return text.replaceAll(/[^\w-]+/g, '-');
}

async function writeEvidence(folder: string, cell: ReportCell): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeWhole(join(folder, 'cell.json'), `${JSON.stringify(cell, null, 2)}\n`);
  const log = cell.evidence.filter(({ kind }) => kind === 'log').map(({ text }) => text);
  if (log.length > 0) await writeWhole(join(folder, 'service.log'), `${log.join('\n')}\n`);
}
