import { access, constants, mkdir, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { OutlastError } from '../errors.ts';

/** What a report takes at most, in bytes: no run ends with nowhere to put it. */
const ROOM = 4 * 1024 * 1024;

/** Where a report goes. A folder that was made for it and that nothing came to lie in is taken away at the end. */
export class OutputFolder implements AsyncDisposable {
  readonly path: string;
  /** Parents first. */
  readonly #made: readonly string[];

  private constructor(path: string, made: readonly string[]) {
    this.path = path;
    this.#made = made;
  }

  /** @throws OutlastError OUTPUT_UNWRITABLE; DISK_FULL where there is no room for a report */
  static async open(path: string): Promise<OutputFolder> {
    const folder = resolve(path);
    const made: string[] = [];
    try {
      await make(folder, made);
      await access(folder, constants.W_OK);
      const room = join(folder, '.room');
      await writeFile(room, Buffer.alloc(ROOM)).finally(async () => rm(room, { force: true }));
      return new OutputFolder(folder, made);
    } catch (cause) {
      await remove(made);
      const { code, message } = cause as NodeJS.ErrnoException;
      throw new OutlastError(code === 'ENOSPC' ? 'DISK_FULL' : 'OUTPUT_UNWRITABLE', `${folder}: ${message}`, { cause });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await remove(this.#made);
  }
}

/** Step by step: Node's own recursive `mkdir` tries for ever where a filesystem knows no new folders, as /proc. */
async function make(folder: string, made: string[]): Promise<void> {
  const once = async (): Promise<void> => {
    await mkdir(folder);
    made.push(folder);
  };
  await once().catch(async (error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST') return;
    if (error.code !== 'ENOENT' || folder === dirname(folder)) throw error;
    await make(dirname(folder), made);
    await once();
  });
}

async function remove(made: readonly string[]): Promise<void> {
  // Something lies in it: then it stays.
  for (const folder of made.toReversed()) await rmdir(folder).catch(() => {});
}
