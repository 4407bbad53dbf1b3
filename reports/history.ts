import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { OutlastError } from '../helpers/errors.ts';
import { writeWhole } from './json.ts';
import type { Report } from './model.ts';
import { readReportFile } from './read.ts';

const HISTORY = 'history';
const KEPT = 20;

/**
 * Keeps a report, and of those before it the newest.
 * @param folder where the run leaves its report
 * @throws OutlastError OUTPUT_UNWRITABLE
 */
export async function keepInHistory(folder: string, report: Report): Promise<void> {
  const history = join(folder, HISTORY);
  await mkdir(history, { recursive: true });
  // Names that sort as the runs began, on every filesystem.
  const name = `${report.startedAt.replaceAll(':', '-')}-${report.runId}.json`;
  await writeWhole(join(history, name), `${JSON.stringify(report)}\n`);
  const names = await namesIn(history);
  for (const old of names.slice(KEPT)) await rm(join(history, old), { force: true });
}

/** The newest report of a stack. */
export interface Earlier {
  readonly report: Report | null;
  /** What was passed over, and why. */
  readonly notes: readonly string[];
}

/**
 * Looks for the newest run of this stack; what cannot be read, or is of another stack, is passed over.
 * @throws OutlastError HISTORY_OTHER_STACK where there are runs, and none of them is of this stack
 */
export async function lastInHistory(folder: string, stack: string): Promise<Earlier> {
  const history = join(folder, HISTORY);
  const notes: string[] = [];
  const others = new Set<string>();
  let report: Report | null = null;
  for (const name of await namesIn(history)) {
    const found = await readReportFile(join(history, name)).catch((error: unknown) => {
      if (!(error instanceof OutlastError)) throw error;
      notes.push(`${error.code}  ${error.message}`);
    });
    if (!found) continue;
    if (found.stack?.name === stack) {
      report = found;
      break;
    }
    others.add(found.stack?.name ?? 'no stack');
  }
  const names = [...others].join(', ');
  if (others.size > 0 && report === null)
    throw new OutlastError('HISTORY_OTHER_STACK', `${history} holds runs of ${names}, and this is ${stack}.`);
  if (others.size > 0)
    notes.push(`HISTORY_OTHER_STACK  ${history} holds runs of ${names} too, which are not compared.`);
  return { report, notes };
}

/** Newest first. */
async function namesIn(history: string): Promise<string[]> {
  const names = await readdir(history).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names.filter((name) => name.endsWith('.json')).toSorted((a, b) => (a < b ? 1 : -1));
}
