import { codeOf, describe, log } from './log.ts';

/** What a command refuses or fails at, by a code that a script can ask for. */
export class Failure extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const FULL = new Set(['ENOSPC', 'EDQUOT', 'SQLITE_FULL']);
const FORBIDDEN = new Set(['EACCES', 'EPERM', 'EROFS', 'SQLITE_READONLY']);

/** An error of the disk says so; anything else is `otherwise`. */
export function asFailure(error: unknown, otherwise: string): Failure {
  if (error instanceof Failure) return error;
  const code = codeOf(error) ?? '';
  const { message } = describe(error);
  if (FULL.has(code)) return new Failure('disk-full', message);
  if (FORBIDDEN.has(code)) return new Failure('not-permitted', message);
  return new Failure(otherwise, message);
}

type Result = Record<string, unknown> | null;

/**
 * Ends in one line of JSON: `${name}-done` and exit code 0, or `${name}-failed` with a code and exit code 1.
 * After `null` nothing is said: standard output is the result itself.
 */
export async function command(name: string, run: () => Result | Promise<Result>): Promise<void> {
  try {
    const result = await run();
    if (result !== null) log('info', `${name}-done`, result);
  } catch (error) {
    log('error', `${name}-failed`, { ...describe(asFailure(error, `${name}-failed`)) });
    process.exitCode = 1;
  }
}
