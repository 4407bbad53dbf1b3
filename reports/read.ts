import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { OutlastError } from '../helpers/errors.ts';
import { VERSION } from '../helpers/own-package.ts';
import { type Report, REPORT_SCHEMA, reportSchema } from './model.ts';

/**
 * The report of a run, out of the folder that the run wrote it to.
 * @throws OutlastError as `readReportFile`
 */
export async function readReport(folder: string): Promise<Report> {
  return readReportFile(join(folder, 'report.json'));
}

/**
 * Nothing is believed of a report that contradicts itself: what follows from its cells is worked out again.
 * @throws OutlastError NO_REPORT, REPORT_VERSION, REPORT_DAMAGED with the keys that are wrong
 */
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
  if (!report.success) throw faultOf(file, content, report.error);
  // As it was written: the checked one has its keys in another order.
  return content as Report;
}

function faultOf(file: string, content: unknown, error: z.ZodError): OutlastError {
  const detail = z.prettifyError(error);
  const writer = z.object({ tool: z.object({ version: z.string() }) }).safeParse(content).data?.tool.version;
  if (writer !== undefined && isLater(writer) && error.issues.every(({ code }) => code === 'invalid_value'))
    return new OutlastError(
      'REPORT_VERSION',
      `${file} holds values that Outlast ${VERSION} does not know; Outlast ${writer} has written it.`,
      { detail },
    );
  const contradicts = error.issues.every(({ code }) => code === 'custom');
  return new OutlastError('REPORT_DAMAGED', `${file} ${contradicts ? 'contradicts itself' : 'breaks the contract'}.`, {
    detail,
  });
}

function isLater(version: string): boolean {
  return version.localeCompare(VERSION, 'en', { numeric: true }) > 0;
}
