import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import type Docker from 'dockerode';
import { OutlastError } from '../errors.ts';
import type { Host } from './host.ts';

export interface ImageOptions {
  /** Folder of Outlast's state: remembers for a while which images could not be pulled, and why. */
  readonly home: string;
  /** The user's engine, if one answers: its images need no pull. */
  readonly ambient?: Docker | null | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with the lines of a pull. */
  readonly onLine?: (line: string) => void;
}

/** Where an image came from. */
export type ImageOrigin = 'present' | 'ambient' | 'pulled';

/**
 * Brings an image to a host: it is there already, or the ambient engine has it, or it is pulled.
 * @throws OutlastError IMAGE_UNAVAILABLE with what the registry said
 */
export async function ensureImage(
  host: Pick<Host, 'docker' | 'cli'>,
  ref: string,
  options: Omit<ImageOptions, 'home'>,
): Promise<ImageOrigin> {
  const origin = await nearImage(host, ref, options);
  if (origin !== null) return origin;
  const failure = await pull(host, ref, options);
  if (failure === null) return 'pulled';
  throw new OutlastError('IMAGE_UNAVAILABLE', `${ref} cannot be pulled.`, { detail: failure });
}

/**
 * The same of an image that another can stand in for. A failure is remembered for ten minutes, so that whoever has no
 * network does not wait for it each time.
 * @returns why the image cannot be had, and since when that was not tried again; `null` when it is there
 */
export async function bringIfPossible(
  host: Pick<Host, 'docker' | 'cli'>,
  ref: string,
  options: ImageOptions,
): Promise<string | null> {
  if ((await nearImage(host, ref, options)) !== null) return null;
  // Who logs in has another chance at once.
  const key = createHash('sha256')
    .update(ref)
    .update(await credentials());
  const memory = path.join(options.home, 'unpullable', key.digest('hex').slice(0, 16));
  const remembered = await recall(memory);
  if (remembered !== null) return remembered;
  const failure = await pull(host, ref, options);
  if (failure === null) {
    await rm(memory, { force: true });
    return null;
  }
  await mkdir(path.dirname(memory), { recursive: true });
  await writeFile(memory, failure);
  return `it cannot be pulled: ${failure}`;
}

/** An earlier failure that is young enough to hold. */
async function recall(memory: string): Promise<string | null> {
  const made = await stat(memory).catch(() => null);
  const age = made === null ? Infinity : Date.now() - made.mtimeMs;
  if (age >= REMEMBER_MS) return null;
  // Another run may have pulled it meanwhile, or be writing why not.
  const failure = await readFile(memory, 'utf8').catch(() => '');
  if (failure === '') return null;
  return `it could not be pulled ${Math.round(age / 1000)} s ago and was not tried again: ${failure}`;
}

/** The image of an engine that is near, on the host afterwards; `null` where none has it. */
async function nearImage(
  host: Pick<Host, 'docker'>,
  ref: string,
  { ambient, signal }: Omit<ImageOptions, 'home'>,
): Promise<'present' | 'ambient' | null> {
  if (await hasImage(host.docker, ref)) return 'present';
  if (!ambient || !(await hasImage(ambient, ref))) return null;
  await copyImages(ambient, host.docker, [ref], signal);
  return 'ambient';
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

/** Pulls, and tells in a line why it failed. A registry that says nothing at all is given up soon; one that answers has all the time it needs. */
async function pull(
  host: Pick<Host, 'cli'>,
  ref: string,
  { signal, onLine }: Omit<ImageOptions, 'home'>,
): Promise<string | null> {
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
    return result.exitCode === 0 ? null : result.stderr.trim().replaceAll(/\s*\n\s*/g, ' ');
  } catch (error) {
    signal?.throwIfAborted();
    if (silence.signal.aborted) return 'The registry does not answer.';
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
