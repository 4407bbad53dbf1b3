import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { execa } from 'execa';
import { OutlastError } from '../../errors.ts';
import { withLock } from '../lock.ts';
import type { Engine, EngineSource } from './engine.ts';
import { findProgram, versionOf } from './programs.ts';

/** The archive that OUTLAST_ENGINE_URL names, in the shape of Docker's own static ones: a `docker/` folder of programs. */
export const archivedEngine: EngineSource = {
  origin: 'archive',
  async find(home, { env = process.env, engineVersionFrom, signal }) {
    const url = env['OUTLAST_ENGINE_URL'];
    const sum = env['OUTLAST_ENGINE_SHA256']?.toLowerCase();
    if (!url || engineVersionFrom !== undefined) return null;
    if (!sum || !/^[0-9a-f]{64}$/.test(sum))
      throw new OutlastError(
        'CHECKSUM_MISMATCH',
        'OUTLAST_ENGINE_SHA256 does not hold the checksum of OUTLAST_ENGINE_URL.',
      );
    const cache = path.join(home, 'archives');
    const folder = path.join(cache, sum);
    await mkdir(cache, { recursive: true });
    const find = async () => (await describe(folder)) ?? fetchArchive(url, sum, folder, signal);
    return withLock(`${folder}.lock`, find, signal);
  },
};

async function fetchArchive(url: string, sum: string, folder: string, signal?: AbortSignal): Promise<Engine> {
  const temporary = `${folder}.new`;
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary);
  try {
    const archive = path.join(temporary, 'archive.tgz');
    const received = await download(url, archive, signal);
    if (received !== sum)
      throw new OutlastError('CHECKSUM_MISMATCH', 'The archive of OUTLAST_ENGINE_URL has another checksum.', {
        detail: `promised ${sum}\nreceived ${received}`,
      });
    await execa('tar', ['-xzf', archive, '-C', temporary, '--no-same-owner']);
    await rm(archive);
    await rm(folder, { recursive: true, force: true });
    await rename(temporary, folder);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  const engine = await describe(folder);
  if (!engine)
    throw new OutlastError('ENGINE_UNAVAILABLE', 'The archive of OUTLAST_ENGINE_URL holds no engine that runs here.');
  return engine;
}

async function download(url: string, file: string, signal: AbortSignal | undefined): Promise<string> {
  const response = await fetch(url, signal ? { signal } : {}).catch((cause: unknown) => {
    throw new OutlastError('ENGINE_UNAVAILABLE', 'OUTLAST_ENGINE_URL cannot be reached.', { cause });
  });
  if (!response.ok || !response.body)
    throw new OutlastError('ENGINE_UNAVAILABLE', `OUTLAST_ENGINE_URL answers with status ${response.status}.`);
  const hash = createHash('sha256');
  const hashing = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  await pipeline(Readable.fromWeb(response.body), hashing, createWriteStream(file));
  return hash.digest('hex');
}

async function describe(folder: string): Promise<Engine | null> {
  const programs = path.join(folder, 'docker');
  const [dockerd, docker, containerd, runc] = await Promise.all(
    ['dockerd', 'docker', 'containerd', 'runc'].map((name) => findProgram(name, [programs])),
  );
  if (!dockerd || !docker || !containerd || !runc) return null;
  const version = await versionOf(dockerd, ['--version']);
  return version === null ? null : { origin: 'archive', version, dockerd, docker, path: [programs], libraries: [] };
}
