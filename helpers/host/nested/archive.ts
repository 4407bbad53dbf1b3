import { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { pack, type Pack } from 'tar-stream';

/** Puts an archive into a container, at a folder that is there, while it is being filled. */
export async function putArchive(
  container: Docker.Container,
  path: string,
  fill: (packed: Pack) => Promise<void>,
): Promise<void> {
  const failure = new AbortController();
  const packed = pack();
  const filled = fill(packed).then(
    () => packed.finalize(),
    (error: unknown) => {
      // The engine would wait for the rest.
      failure.abort(error);
      throw error;
    },
  );
  const put = container.putArchive(Readable.from(packed as AsyncIterable<Uint8Array>), {
    path,
    abortSignal: failure.signal,
  });
  // What keeps the archive from being filled is what is told.
  put.catch(() => packed.destroy());
  await filled;
  await put;
}

/** The folders above and with `path`, for everybody to enter. */
export function packFolders(packed: Pack, path: string): void {
  const names = path.split('/').filter(Boolean);
  for (const at of names.keys())
    packed.entry({ name: names.slice(0, at + 1).join('/'), type: 'directory', mode: 0o755 });
}
