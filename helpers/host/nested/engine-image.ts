import { readdir, realpath } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { execa } from 'execa';
import { pack, type Pack } from 'tar-stream';
import { OutlastError } from '../../errors.ts';
import type { Engine, ImageTools, NetworkTools } from '../engine/engine.ts';
import { ENGINE_SUITES, ladderOf } from '../engine/engine-ladder.ts';
import { packagedEngine, packagedImageTools, packagedNetworkTools } from '../engine/packaged.ts';
import { findProgram } from '../engine/programs.ts';
import { RUN_LABEL, type Host } from '../host.ts';
import { CA_BUNDLE, caBundle, importImage, librariesOf, TRIPLET } from '../image-parts.ts';
import { bringIfPossible, hasImage } from '../images.ts';
import { LEGACY_IPTABLES } from './machine-script.ts';
import { packFile } from './pack-tree.ts';
import { unlessGone } from './unless-gone.ts';

/** An image that a nested host boots from, on the ambient engine. */
export interface EngineImage {
  readonly ref: string;
  /** Of the engine in it. */
  readonly version: string;
}

interface Wanted {
  readonly home: string;
  readonly runId: string;
  readonly signal?: AbortSignal | undefined;
}

/** Official images of engines, oldest first: as far apart as the engines of Debian's releases. */
const OFFICIAL = ['docker:20.10-dind', 'docker:26-dind', 'docker:dind'];

/**
 * The image with the newest engine: the official one where it can be had, else one assembled from Debian's packages.
 * @throws OutlastError ENGINE_UNAVAILABLE
 */
export async function newestEngineImage(outer: Pick<Host, 'docker' | 'cli'>, wanted: Wanted): Promise<EngineImage> {
  const found =
    (await officialImage(outer, 'docker:dind', wanted)) ?? (await packagedImage(outer.docker, undefined, wanted));
  if (!found)
    throw new OutlastError(
      'ENGINE_UNAVAILABLE',
      'No image with a Docker Engine can be pulled, and no packages are here to assemble one.',
    );
  return found;
}

/** Images with engines of different versions, oldest first; of one origin, so that nothing else differs. */
export async function engineImageLadder(outer: Pick<Host, 'docker' | 'cli'>, wanted: Wanted): Promise<EngineImage[]> {
  const version = (image: EngineImage): string => image.version;
  const official = await ladderOf(OFFICIAL, async (ref) => officialImage(outer, ref, wanted), version);
  if (official.length > 1) return official;
  return ladderOf(ENGINE_SUITES, async (suite) => packagedImage(outer.docker, suite, wanted), version);
}

async function officialImage(
  outer: Pick<Host, 'docker' | 'cli'>,
  ref: string,
  { home, signal }: Wanted,
): Promise<EngineImage | null> {
  if ((await bringIfPossible(outer, ref, { home, signal })) !== null) return null;
  const { Config } = await outer.docker.getImage(ref).inspect();
  const version = Config.Env?.find((pair) => pair.startsWith('DOCKER_VERSION='))?.split('=')[1];
  return version === undefined ? null : { ref, version };
}

async function packagedImage(
  docker: Docker,
  engineVersionFrom: string | undefined,
  { home, runId, signal }: Wanted,
): Promise<EngineImage | null> {
  const [engine, image, network] = await Promise.all([
    packagedEngine.find(home, { engineVersionFrom, signal }),
    packagedImageTools(home, signal),
    packagedNetworkTools(home, signal),
  ]);
  if (!engine || !image || !network) return null;
  const ref = `${repositoryOf(runId)}:${engine.version}`;
  if (!(await hasImage(docker, ref))) {
    const packed = pack();
    const filled = fill(packed, engine, image, network).then(
      () => packed.finalize(),
      (error: Error) => packed.destroy(error),
    );
    await importImage(docker, Readable.from(packed as AsyncIterable<Uint8Array>), ref, [
      'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      `ENV DOCKER_VERSION=${engine.version} SSL_CERT_FILE=${CA_BUNDLE}`,
      `LABEL ${RUN_LABEL}=${runId}`,
    ]);
    await filled;
  }
  return { ref, version: engine.version };
}

const repositoryOf = (runId: string): string => `outlast-${runId}/engine`;

/** Removes the images that were assembled for a run. One that another host of the run stands on goes with that. */
export async function removeAssembled(docker: Docker, runId: string): Promise<void> {
  const images = await docker.listImages({ filters: { reference: [repositoryOf(runId)] } });
  for (const tag of images.flatMap(({ RepoTags }) => RepoTags ?? []))
    await docker.getImage(tag).remove().catch(unlessGone);
}

const ENGINE_PROGRAMS = ['dockerd', 'containerd', 'containerd-shim-runc-v2', 'runc', 'docker-proxy', 'docker-init'];

/** The root filesystem: the engine, busybox, iptables in both variants, and what they need. */
async function fill(packed: Pack, engine: Engine, image: ImageTools, network: NetworkTools): Promise<void> {
  for (const folder of [
    'usr',
    'usr/bin',
    'usr/sbin',
    'usr/lib',
    'usr/lib64',
    `usr/lib/${TRIPLET}`,
    `usr/lib/${TRIPLET}/xtables`,
  ])
    packed.entry({ name: folder, type: 'directory', mode: 0o755 });
  for (const folder of [
    'etc',
    'etc/ssl',
    'etc/ssl/certs',
    'proc',
    'sys',
    'dev',
    'run',
    'var',
    'var/lib',
    'root',
    'usr/local',
    'usr/local/sbin',
    LEGACY_IPTABLES.slice(1),
  ])
    packed.entry({ name: folder, type: 'directory', mode: 0o755 });
  for (const folder of ['tmp', 'var/tmp']) packed.entry({ name: folder, type: 'directory', mode: 0o1777 });
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) packed.entry({ name, type: 'symlink', linkname: `usr/${name}` });
  packed.entry({ name: 'var/run', type: 'symlink', linkname: '../run' });

  const libraries = new Map<string, string>();
  const install = async (program: string, name: string, extra: readonly string[]): Promise<void> => {
    const file = await realpath(program);
    await packProgram(packed, file, name);
    for (const library of await librariesOf(file, extra)) libraries.set(placeOf(library), await realpath(library));
  };
  const folders = [path.dirname(engine.dockerd), ...engine.path];
  for (const name of ENGINE_PROGRAMS) {
    const program = await findProgram(name, folders);
    if (program === null) throw new OutlastError('ENGINE_UNAVAILABLE', `The packages hold no ${name}.`);
    await install(program, `usr/bin/${name}`, engine.libraries);
  }
  await install(image.busybox, 'usr/bin/busybox', []);
  const applets = (await execa(image.busybox, ['--list'])).stdout.split('\n');
  for (const name of applets)
    if (name !== 'busybox') packed.entry({ name: `usr/bin/${name}`, type: 'symlink', linkname: 'busybox' });
  for (const [variant, folder] of [
    ['nft', 'usr/sbin'],
    ['legacy', LEGACY_IPTABLES.slice(1)],
  ] as const) {
    const program = `xtables-${variant}-multi`;
    await install(path.join(network.iptables[variant], 'iptables'), `usr/sbin/${program}`, network.libraries);
    for (const name of await readdir(network.iptables[variant]))
      packed.entry({ name: `${folder}/${name}`, type: 'symlink', linkname: `/usr/sbin/${program}` });
  }
  for (const extension of await readdir(network.xtables))
    await packProgram(packed, path.join(network.xtables, extension), `usr/lib/${TRIPLET}/xtables/${extension}`);
  for (const [name, file] of libraries) await packProgram(packed, file, name);

  const texts = {
    'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\n',
    'etc/group': 'root:x:0:\ndocker:x:1:\n',
    'etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
    [CA_BUNDLE.slice(1)]: (await caBundle()) ?? '',
  };
  for (const [name, text] of Object.entries(texts)) packed.entry({ name, mode: 0o644 }, text);
}

/** As everybody may run it, whoever unpacked it. */
async function packProgram(packed: Pack, file: string, name: string): Promise<void> {
  await packFile(packed, file, name, { mode: 0o755, uid: 0, gid: 0 });
}

/** The loader stands where programs name it; the rest where it looks by itself. */
function placeOf(library: string): string {
  const name = path.basename(library);
  if (!name.startsWith('ld-linux')) return `usr/lib/${TRIPLET}/${name}`;
  return library.startsWith('/usr/') ? library.slice(1) : `usr${library}`;
}
