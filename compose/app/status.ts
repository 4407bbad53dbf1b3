import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { publish } from './durable.ts';
import { describe, log } from './log.ts';

const JobStatus = z.object({
  successes: z.number(),
  failures: z.number(),
  lastSuccess: z.object({ at: z.iso.datetime(), file: z.string() }).nullable(),
  lastFailure: z.object({ at: z.iso.datetime(), code: z.string().optional(), message: z.string() }).nullable(),
});
export type JobStatus = z.infer<typeof JobStatus>;

/** What other processes do for the data, and the app tells about. */
export type Job = 'backup' | 'offsite';

const NEVER: JobStatus = { successes: 0, failures: 0, lastSuccess: null, lastFailure: null };

const fileOf = (folder: string, job: Job) => join(folder, `status-${job}.json`);

/** A job that left no status, or none that can be read, never ran as far as anyone knows. */
export function readStatus(folder: string, job: Job): JobStatus {
  try {
    return JobStatus.parse(JSON.parse(readFileSync(fileOf(folder, job), 'utf8')));
  } catch {
    return NEVER;
  }
}

export function recordSuccess(folder: string, job: Job, file: string): void {
  const status = readStatus(folder, job);
  const lastSuccess = { at: new Date().toISOString(), file };
  write(folder, job, { ...status, successes: status.successes + 1, lastSuccess });
}

export function recordFailure(folder: string, job: Job, error: unknown): void {
  const status = readStatus(folder, job);
  const lastFailure = { at: new Date().toISOString(), ...describe(error) };
  write(folder, job, { ...status, failures: status.failures + 1, lastFailure });
}

/** True while the last attempt is a failed one. */
export function isFailing({ lastSuccess, lastFailure }: JobStatus): boolean {
  return lastFailure !== null && (lastSuccess === null || lastSuccess.at < lastFailure.at);
}

/** A job does not fail for want of a status. The app then goes by the backups that it finds, and by their age. */
function write(folder: string, job: Job, status: JobStatus): void {
  const file = fileOf(folder, job);
  try {
    writeFileSync(`${file}.partial`, `${JSON.stringify(status, null, 2)}\n`);
    publish(`${file}.partial`, file);
  } catch (error) {
    log('error', 'status-not-written', { file, ...describe(error) });
  }
}
