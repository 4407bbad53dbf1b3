import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { DISRUPTIONS, disruptionOf } from '../disruptions/catalogue.ts';
import type { Disruption } from '../disruptions/disruption.ts';
import { OutlastError } from '../errors.ts';
import type { CellRecord } from '../scenario/record.ts';
import { needsBackup } from '../scenario/matrix.ts';
import { Session } from '../scenario/session.ts';
import { findComposeFiles } from '../stack/compose-files.ts';
import { exitCodeOf } from '../verdict/expectation.ts';
import { keepInHistory, lastInHistory, type Earlier } from '../../reports/history.ts';
import { readReport, readReportFile } from '../../reports/read.ts';
import { renderTerminal } from '../../reports/terminal.ts';
import { writeReport } from '../../reports/write.ts';
import { assembleReport } from './assemble-report.ts';
import { contractWords } from './contract-words.ts';
import { Forecast } from './forecast.ts';
import { OutputFolder } from './output-folder.ts';
import { type Detail, showProgress } from './progress.ts';
import { stackOf, type StackOptions } from './stack-options.ts';

export interface RunOptions extends StackOptions {
  readonly only?: readonly string[];
  readonly skip?: readonly string[];
  readonly strict?: boolean;
  readonly store?: readonly string[];
  readonly out: string;
  readonly markers: number;
  readonly seed: string;
  readonly baseline?: string;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

/**
 * `outlast run`.
 * @returns the exit code
 * @throws OutlastError for whatever keeps the run from a verdict
 */
export async function run(options: RunOptions, signal: AbortSignal): Promise<number> {
  const startedAt = new Date();
  const began = performance.now();
  const disruptions = chosen(options);
  await using folder = await OutputFolder.open(options.out);
  const out = folder.path;
  const compose = await findComposeFiles(options.file, process.cwd());
  const named = options.baseline === undefined ? null : await readReportFile(options.baseline);

  const cells: CellRecord[] = [];
  await using session = new Session({
    ...stackOf(options, compose),
    configFile: options.config,
    only: options.store,
    asked: options.only !== undefined,
    needsBackup: options.only !== undefined && disruptions.some(needsBackup),
    reportFolder: out,
    baseline: named && { file: options.baseline as string, stack: named.stack?.name ?? null },
    markers: options.markers,
    seed: options.seed,
    signal,
  });
  session.redactor.spare(contractWords());
  const detail: Detail = options.quiet ? 'quiet' : options.verbose ? 'verbose' : 'normal';
  const forecast = new Forecast(await earlierTimes(out, compose.files));
  let earlier: Earlier = { report: named, notes: [] };
  const onRead = async (): Promise<void> => {
    if (!named) earlier = await lastInHistory(out, session.subject.name);
  };
  const audited = await showProgress(session, disruptions, cells, { detail, forecast, onRead });

  const record = await session.record();
  // From the files alone; that the stores were found by looking changes nothing of it.
  const foreseen = { findings: audited.findings, predictions: audited.predictFor(record.stores) };
  const report = session.redactor.value(
    assembleReport(session, record, foreseen, {
      cells,
      startedAt,
      durationMs: Math.round(performance.now() - began),
      before: earlier.report,
    }),
  );
  await writeReport(out, report);
  await keepInHistory(out, report);
  for (const note of earlier.notes) process.stderr.write(`${note}\n`);
  const told = renderTerminal(report, { brief: detail === 'quiet' });
  process.stdout.write(`${detail === 'quiet' ? '' : '\n'}${told}\n\nReport: ${join(options.out, 'report.html')}\n`);
  return exitCodeOf(report.verdict);
}

/** How long each disruption took in the run of this stack whose report lies there. */
async function earlierTimes(folder: string, files: readonly string[]): Promise<Map<string, number>> {
  const earlier = await readReport(folder).catch(() => null);
  const times = new Map<string, number>();
  if (earlier?.stack?.files.join('\n') !== files.join('\n')) return times;
  for (const { disruption, durationMs } of earlier.cells)
    times.set(disruption, Math.max(durationMs ?? 0, times.get(disruption) ?? 0));
  return times;
}

/**
 * What is to run: what was named, else what runs by default, or all there is.
 * @throws OutlastError UNKNOWN_DISRUPTION, USAGE
 */
export function chosen({
  only,
  skip = [],
  strict = false,
}: Pick<RunOptions, 'only' | 'skip' | 'strict'>): Disruption[] {
  const named = only?.map(disruptionOf);
  const left = new Set(skip.map(disruptionOf));
  const disruptions = DISRUPTIONS.filter(
    (one) => (named?.includes(one) ?? (strict || !one.optional)) && !left.has(one),
  );
  if (disruptions.length === 0) throw new OutlastError('USAGE', '--only and --skip leave nothing to do.');
  return disruptions;
}
