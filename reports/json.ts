import { randomBytes } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { OutlastError } from '../helpers/errors.ts';
import { type Report, reportSchema } from './model.ts';

/** @throws OutlastError INTERNAL when the report breaks the contract */
export function renderJson(report: Report): string {
  const checked = reportSchema.safeParse(report);
  if (!checked.success) {
    throw new OutlastError('INTERNAL', 'The report breaks its own contract.', {
      detail: z.prettifyError(checked.error),
    });
  }
  return `${JSON.stringify(report, null, 2)}\n`;
}

/**
 * Writes `report.json`: the old file or the whole new one, never a part.
 * @throws OutlastError INTERNAL when the report breaks the contract, OUTPUT_UNWRITABLE when the file cannot be written
 */
export async function writeJson(path: string, report: Report): Promise<void> {
  await writeWhole(path, renderJson(report));
}

/** @throws OutlastError OUTPUT_UNWRITABLE */
export async function writeWhole(path: string, text: string): Promise<void> {
  const partial = `${path}.${randomBytes(4).toString('hex')}.partial`;
  try {
    await writeFile(partial, text, { flush: true });
    await rename(partial, path);
  } catch (cause) {
    await rm(partial, { force: true });
    throw new OutlastError('OUTPUT_UNWRITABLE', `${path} cannot be written.`, { cause });
  }
}
