import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import type Docker from 'dockerode';
import { OutlastError } from '../errors.ts';
import type { Host } from './host.ts';

export interface ImageOptions {
  /** Folder of Outlast's state: remembers for a while which images could not be pulled. */
  readonly home: string;
  /** The user's engine, if one answers: its images need no pull. */
  readonly ambient?: Docker | null | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with the lines of a pull. */
  readonly onLine?: (line: string) => void;
}

/** Where an image came from. */
export type ImageOrigin = 'present' | 'ambient' | 'pulled';

/** Brings an image to a host: it is there already, or the ambient engine has it, or it is pulled. Throws IMAGE_UNAVAILABLE. */
export async function ensureImage(
  host: Pick<Host, 'docker' | 'cli'>,
  ref: string,
  options: ImageOptions,
): Promise<ImageOrigin> {
  if (await hasImage(host.docker, ref)) return 'present';
  const { ambient, home, signal } = options;
  if (ambient && (await hasImage(ambient, ref))) {
    await copyImages(ambient, host.docker, [ref], signal);
    return 'ambient';
  }
  // Who logs in has another chance at once.
  const key = createHash('sha256')
    .update(ref)
    .update(await credentials());
  const memory = path.join(home, 'unpullable', key.digest('hex').slice(0, 16));
  const age =
    Date.now() -
    (await stat(memory).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    ));
  if (age < REMEMBER_MS) throw new OutlastError('IMAGE_UNAVAILABLE', `${ref} could not be pulled a moment ago.`);
  const failure = await pull(host, ref, options);
  signal?.throwIfAborted();
  if (failure === null) {
    await rm(memory, { force: true });
    return 'pulled';
  }
  await mkdir(path.dirname(memory), { recursive: true });
  await writeFile(memory, '');
  throw new OutlastError('IMAGE_UNAVAILABLE', `${ref} cannot be pulled.`, { detail: failure });
}

/** Of the user's Docker CLI, as they stand in its configuration. */
async function credentials(): Promise<string> {
  const folder = process.env['DOCKER_CONFIG'] ?? path.join(homedir(), '.docker');
  return readFile(path.join(folder, 'config.json'), 'utf8').catch(() => '');
}

const REMEMBER_MS = 10 * 60_000;
const FIRST_WORD_MS = 5000;

/** Whether an engine has an image. */
export async function hasImage(docker: Docker, ref: string): Promise<boolean> {
  return docker
    .getImage(ref)
    .inspect()
    .then(
      () => true,
      (error: { statusCode?: number }) => {
        if (error.statusCode === 404) return false;
        throw error;
      },
    );
}

/** Copies images from one engine to another. Layers that they share travel once. */
export async function copyImages(
  from: Docker,
  to: Docker,
  refs: readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  const archive = await new Promise<NodeJS.ReadableStream>((resolve, reject) => {
    from.modem.dial(
      {
        path: '/images/get?',
        method: 'GET',
        options: { names: refs },
        isStream: true,
        ...(signal ? { abortSignal: signal } : {}),
        statusCodes: { 200: true, 404: 'no such image', 500: 'server error' },
      },
      (error: unknown, stream: unknown) => {
        if (error) reject(error);
        else resolve(stream as NodeJS.ReadableStream);
      },
    );
  });
  const progress = await to.loadImage(archive);
  await new Promise<void>((resolve, reject) => {
    to.modem.followProgress(progress, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

/** Pulls, and tells why it failed. A registry that says nothing at all is given up soon; one that answers has all the time it needs. */
async function pull(host: Pick<Host, 'cli'>, ref: string, { signal, onLine }: ImageOptions): Promise<string | null> {
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(), FIRST_WORD_MS);
  try {
    const result = await host.cli(['pull', ref], {
      signal: signal ? AbortSignal.any([signal, silence.signal]) : silence.signal,
      onLine: (line) => {
        clearTimeout(timer);
        onLine?.(line);
      },
    });
    return result.exitCode === 0 ? null : result.stderr;
  } catch (error) {
    if (silence.signal.aborted) return 'The registry does not answer.';
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
