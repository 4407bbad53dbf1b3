import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

export interface Executed {
  /** `null`: ended by a signal. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ExecuteOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly owner: { readonly uid: number; readonly gid: number };
  readonly cwd?: string | undefined;
  readonly limitMs: number;
}

/**
 * Runs a program of the image, found by the PATH of `env`, with nothing on its stdin; no shell reads its arguments.
 * @throws Error when it cannot be started, or is killed after `limitMs`.
 */
export async function execute(
  argv: readonly string[],
  { env, owner, cwd, limitMs }: ExecuteOptions,
): Promise<Executed> {
  const [program = '', ...args] = argv;
  const isRoot = process.geteuid?.() === 0;
  const child = spawn(program, args, {
    env: { ...env },
    ...(isRoot ? owner : {}),
    ...(cwd === undefined ? {} : { cwd }),
    signal: AbortSignal.timeout(limitMs),
    killSignal: 'SIGKILL',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close') as Promise<[number | null]>;
  const [stdout, stderr, [exitCode]] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { exitCode, stdout, stderr };
}
