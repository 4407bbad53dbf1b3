import { randomBytes } from 'node:crypto';
import { access, constants, mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { DISRUPTIONS, disruptionOf } from '../disruptions/catalogue.ts';
import type { Disruption } from '../disruptions/disruption.ts';
import { OutlastError } from '../errors.ts';
import type { HostKind } from '../host/host.ts';
import type { CellRecord } from '../scenario/record.ts';
import { needsBackup } from '../scenario/matrix.ts';
import { Session, type SessionOptions } from '../scenario/session.ts';
import type { DataChoice } from '../stack/bind-sources.ts';
import { findComposeFiles } from '../stack/compose-files.ts';
import { exitCodeOf } from '../verdict/expectation.ts';
import { renderTerminal } from '../../reports/terminal.ts';
import { writeReport } from '../../reports/write.ts';
import { assembleReport } from './assemble-report.ts';
import { contractWords } from './contract-words.ts';
import { showProgress } from './progress.ts';

export interface RunOptions {
  readonly file: readonly string[];
  readonly profile: readonly string[];
  readonly envFile: readonly string[];
  readonly only?: readonly string[];
  readonly skip?: readonly string[];
  readonly strict?: boolean;
  readonly store?: readonly string[];
  readonly host?: HostKind;
  readonly data: DataChoice;
  readonly allow: readonly string[];
  readonly allowEgress: readonly string[];
  readonly out: string;
  readonly markers: number;
  readonly seed: string;
  readonly timeout: number;
  readonly config?: string;
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
  const out = await writableFolder(options.out);
  const compose = await findComposeFiles(options.file, process.cwd());
  const sessionOptions: SessionOptions = {
    runId: randomBytes(4).toString('hex'),
    compose,
    profiles: options.profile,
    envFiles: options.envFile.map((file) => resolve(file)),
    configFile: options.config,
    only: options.store,
    hostKind: options.host,
    asked: options.only !== undefined,
    data: options.data,
    allow: options.allow,
    egress: options.allowEgress,
    needsBackup: options.only !== undefined && disruptions.some(needsBackup),
    markers: options.markers,
    seed: options.seed,
    timeoutMs: options.timeout * 1000,
    signal,
  };

  const cells: CellRecord[] = [];
  await using session = new Session(sessionOptions);
  const audited = await showProgress(session, disruptions, cells);

  const record = await session.record();
  // From the files alone; that the stores were found by looking changes nothing of it.
  const foreseen = { findings: audited.findings, predictions: audited.predictFor(record.stores) };
  session.redactor.spare(contractWords());
  const report = session.redactor.value(
    assembleReport(session, record, foreseen, {
      cells,
      startedAt,
      durationMs: Math.round(performance.now() - began),
    }),
  );
  await writeReport(out, report);
  process.stdout.write(`\n${renderTerminal(report)}\n\nreport: ${join(options.out, 'report.html')}\n`);
  return exitCodeOf(report.verdict);
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

/** What a report takes at most, in bytes: no run ends with nowhere to put it. */
const ROOM = 4 * 1024 * 1024;

/** @throws OutlastError OUTPUT_UNWRITABLE; ENOSPC where there is no room for a report */
async function writableFolder(path: string): Promise<string> {
  const folder = resolve(path);
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
    const room = join(folder, '.room');
    await writeFile(room, Buffer.alloc(ROOM)).finally(async () => rm(room, { force: true }));
    return folder;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOSPC') throw cause;
    throw new OutlastError('OUTPUT_UNWRITABLE', `${folder}: ${(cause as Error).message}`, { cause });
  }
}
