import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { OutlastError } from '../helpers/errors.ts';
import { type Report, REPORT_SCHEMA, reportSchema } from './model.ts';

/**
 * The report of a run, out of the folder that the run wrote it to.
 * @throws OutlastError as `readReportFile`
 */
export async function readReport(folder: string): Promise<Report> {
  return readReportFile(join(folder, 'report.json'));
}

/** @throws OutlastError NO_REPORT, REPORT_VERSION, REPORT_DAMAGED with the keys that are wrong */
export async function readReportFile(file: string): Promise<Report> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new OutlastError('NO_REPORT', `${file} cannot be read: ${(cause as Error).message}`, { cause });
  });
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    throw new OutlastError('REPORT_DAMAGED', `${file}: ${(cause as Error).message}`, { cause });
  }
  const version = z.object({ schema: z.string().startsWith('outlast.report/') }).safeParse(content);
  if (version.success && version.data.schema !== REPORT_SCHEMA) {
    throw new OutlastError('REPORT_VERSION', `${file} is ${version.data.schema}; this is read: ${REPORT_SCHEMA}.`);
  }
  const report = reportSchema.safeParse(content);
  if (!report.success) {
    throw new OutlastError('REPORT_DAMAGED', `${file} breaks the contract.`, { detail: z.prettifyError(report.error) });
  }
  // As it was written: the checked one has its keys in another order.
  return content as Report;
}
