import { readFile } from 'node:fs/promises';
import type Docker from 'dockerode';
import { execa } from 'execa';

/** Where certificates of authorities lie in an image. */
export const CA_BUNDLE = '/etc/ssl/certs/ca-certificates.crt';

/** Debian's name for this machine's architecture. */
export const TRIPLET = `${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`;

/** The authorities that this machine trusts; `null` where it has none. */
export async function caBundle(): Promise<Buffer | null> {
  const bundles = [process.env['NODE_EXTRA_CA_CERTS'], process.env['SSL_CERT_FILE'], CA_BUNDLE].filter(Boolean);
  for (const bundle of bundles) {
    const text = await readFile(String(bundle)).catch(() => null);
    if (text) return text;
  }
  return null;
}

/** The shared libraries of a program, with the loader. */
export async function librariesOf(program: string, extra: readonly string[]): Promise<string[]> {
  const env = extra.length > 0 ? { LD_LIBRARY_PATH: extra.join(':') } : {};
  const { stdout } = await execa('ldd', [program], { env, reject: false });
  return stdout.split('\n').flatMap((line) => /(?:=> |^\s+)(\/\S+)/.exec(line)?.[1] ?? []);
}

/** Makes an image of a root filesystem. @param changes lines of a Dockerfile */
export async function importImage(
  docker: Docker,
  archive: NodeJS.ReadableStream,
  ref: string,
  changes: readonly string[],
): Promise<void> {
  const [repo = '', tag = ''] = ref.split(/:(?=[^:]*$)/);
  const progress = await docker.importImage(archive, { repo, tag, changes: changes.join('\n') });
  await new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(progress, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}
