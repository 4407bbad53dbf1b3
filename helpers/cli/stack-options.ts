import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import type { HostKind } from '../host/host.ts';
import type { SessionOptions } from '../scenario/session.ts';
import type { DataChoice } from '../stack/bind-sources.ts';
import type { ComposeFiles } from '../stack/compose-files.ts';

/** What the command line says of a stack that is started. */
export interface StackOptions {
  readonly file: readonly string[];
  readonly profile: readonly string[];
  readonly envFile: readonly string[];
  readonly host?: HostKind;
  readonly data: DataChoice;
  readonly allow: readonly string[];
  readonly allowEgress: readonly string[];
  /** Seconds. */
  readonly timeout?: number;
  readonly config?: string;
}

/** The same for a session. */
export function stackOf(
  options: StackOptions,
  compose: ComposeFiles,
): Omit<SessionOptions, 'markers' | 'seed' | 'signal'> {
  return {
    runId: randomBytes(4).toString('hex'),
    compose,
    profiles: options.profile,
    envFiles: options.envFile.map((file) => resolve(file)),
    hostKind: options.host,
    data: options.data,
    allow: options.allow,
    egress: options.allowEgress,
    timeoutMs: options.timeout === undefined ? undefined : options.timeout * 1000,
  };
}
