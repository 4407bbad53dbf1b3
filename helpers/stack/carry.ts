import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { stat, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type Dockerode from 'dockerode';
import { extract, pack, type Header } from 'tar-stream';

/** A file, by its path below the folder. */
export interface CarriedFile {
  readonly name: string;
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
}

/** The files in a folder of a container, running or not; an absent folder has none. */
export async function listFolder(container: Dockerode.Container, folder: string): Promise<CarriedFile[]> {
  const files: CarriedFile[] = [];
  for await (const entry of entriesOf(container, folder)) {
    const file = await digest(entry, () => {});
    if (entry.header.type === 'file') files.push(file);
  }
  return files;
}

/**
 * Copies files of a container's folder into an archive on this machine that its user alone can read.
 * @param only the files to take along, by their path below the folder; whatever else is no file comes too.
 */
export async function carryOut(
  container: Dockerode.Container,
  folder: string,
  archive: string,
  only: ReadonlySet<string>,
): Promise<CarriedFile[]> {
  const files: CarriedFile[] = [];
  const packed = pack();
  const written = writeFile(archive, packed as AsyncIterable<Uint8Array>, { mode: 0o600 });
  try {
    for await (const entry of entriesOf(container, folder)) {
      const isFile = entry.header.type === 'file';
      const sink = isFile && !only.has(entry.header.name) ? null : packed.entry(entry.header);
      const file = await digest(entry, async (chunk) => {
        if (sink?.write(chunk) === false) await once(sink, 'drain');
      });
      sink?.end(undefined);
      if (isFile && sink) files.push(file);
    }
    packed.finalize();
  } catch (error) {
    packed.destroy();
    await written.catch(() => {});
    throw error;
  }
  await written;
  return files;
}

/** An archive as of `carryOut`, of a single file that everybody may read once it is carried in. */
export async function packFile(file: string, archive: string): Promise<void> {
  const packed = pack();
  const written = writeFile(archive, packed as AsyncIterable<Uint8Array>, { mode: 0o600 });
  const { size } = await stat(file);
  const sink = packed.entry({ name: basename(file), mode: 0o644, size });
  for await (const chunk of createReadStream(file)) if (!sink.write(chunk)) await once(sink, 'drain');
  sink.end(undefined);
  packed.finalize();
  await written;
}

/** A file of this machine, as one that was carried. */
export async function digestOf(file: string): Promise<Omit<CarriedFile, 'name'>> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return { bytes: (await stat(file)).size, sha256: hash.digest('hex') };
}

/** Puts what `carryOut` took into a folder of a container, running or not, with its owners and modes. */
export async function carryIn(container: Dockerode.Container, folder: string, archive: string): Promise<void> {
  await container.putArchive(createReadStream(archive), { path: folder });
}

interface Entry {
  readonly header: Header;
  readonly content: AsyncIterable<Uint8Array>;
}

/** Names are relative to the folder; the folder itself is left out. Each entry must be read to its end. */
async function* entriesOf(container: Dockerode.Container, folder: string): AsyncGenerator<Entry> {
  let archive: NodeJS.ReadableStream;
  try {
    archive = await container.getArchive({ path: folder });
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return;
    throw error;
  }
  const entries = extract();
  const fed = feed(archive, entries);
  fed.catch((error: Error) => entries.destroy(error));
  for await (const entry of entries) {
    const name = entry.header.name.split('/').slice(1).join('/');
    if (name === '') entry.resume();
    else yield { header: { ...entry.header, name }, content: entry as AsyncIterable<Uint8Array> };
  }
  await fed;
}

async function feed(archive: NodeJS.ReadableStream, entries: ReturnType<typeof extract>): Promise<void> {
  for await (const chunk of archive) {
    if (!entries.write(chunk)) await once(entries, 'drain');
  }
  entries.end(undefined);
}

async function digest(
  { header, content }: Entry,
  onChunk: (chunk: Uint8Array) => Promise<void> | void,
): Promise<CarriedFile> {
  const hash = createHash('sha256');
  for await (const chunk of content) {
    hash.update(chunk);
    await onChunk(chunk);
  }
  return { name: header.name, bytes: header.size, sha256: hash.digest('hex') };
}
