import { join } from 'node:path';
import { renderHtml } from './html/page.ts';
import { writeJson, writeWhole } from './json.ts';
import { renderMarkdown } from './markdown.ts';
import type { Report } from './model.ts';

/**
 * Writes what a run leaves behind: `report.json`, and `report.md` and `report.html` for people.
 * @throws OutlastError INTERNAL when the report breaks the contract, OUTPUT_UNWRITABLE
 */
export async function writeReport(folder: string, report: Report): Promise<void> {
  await writeJson(join(folder, 'report.json'), report);
  await writeWhole(join(folder, 'report.md'), renderMarkdown(report));
  await writeWhole(join(folder, 'report.html'), renderHtml(report));
}
