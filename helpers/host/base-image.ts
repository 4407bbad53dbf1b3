import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { cp, mkdir, readFile, realpath, rename, rm, stat, symlink, writeFile, chmod, readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type Docker from 'dockerode';
import { execa } from 'execa';
import { dir } from 'tmp-promise';
import { OutlastError } from '../errors.ts';
import { outlastHome } from '../home.ts';
import type { ImageTools } from './engine/engine.ts';
import { installedImageTools } from './engine/installed.ts';
import { packagedImageTools } from './engine/packaged.ts';
import { findProgram, pathFolders } from './engine/programs.ts';
import type { Host } from './host.ts';
import { removeFromEngine, together, type Swept } from '../cleanup/swept.ts';
import { bringIfPossible, hasImage, type ImageOptions } from './images.ts';
import { CA_BUNDLE, caBundle, importImage, librariesOf, TRIPLET } from './image-parts.ts';
import { withLock } from './lock.ts';

export interface BaseImage {
  readonly ref: string;
  readonly origin: 'official' | 'assembled';
  /** Why an assembled one stands in for the official one. */
  readonly because: string | null;
}

/** Set on an assembled image; the value is the version of Node in it. */
const BASE_LABEL = 'dev.outlast.base';
const BASE_REPOSITORY = 'outlast/base';

/** The folder of the archives of assembled images. */
export function basesFolder(home: string): string {
  return path.join(home, 'base');
}

/** The lock under which they are made, in their folder. */
export const BASES_LOCK = 'lock';

/** An image with Node, npm, git and tini to build on: the official one where it can be had, else one assembled from this machine's own programs. */
export async function ensureBaseImage(
  host: Host,
  ref = 'node:24-bookworm-slim',
  options: Partial<ImageOptions> = {},
): Promise<BaseImage> {
  const home = options.home ?? (await outlastHome());
  const because = await bringIfPossible(host, ref, { ...options, home });
  if (because === null) return { ref, origin: 'official', because };
  const { archive, hash } = await assemble(home, options.signal);
  const tag = hash.slice(0, 16);
  const assembled = `${BASE_REPOSITORY}:${tag}`;
  if (!(await hasImage(host.docker, assembled))) {
    const changes = [
      'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      `ENV NODE_VERSION=${process.versions.node} NODE_EXTRA_CA_CERTS=${CA_BUNDLE}`,
      `LABEL ${BASE_LABEL}=${process.versions.node}`,
      'CMD ["node"]',
    ];
    await importImage(host.docker, createReadStream(archive), assembled, changes);
  }
  return { ref: assembled, origin: 'assembled', because };
}

/** Removes the assembled images of an engine that nothing there uses. @param kept the one that stays */
export async function removeBaseImages(docker: Docker, kept: string | null): Promise<Swept> {
  const images = await docker.listImages({ filters: { label: [BASE_LABEL], reference: [BASE_REPOSITORY] } });
  // An image that was built on one has its label, and names of its own.
  const tags = images
    .flatMap(({ RepoTags }) => RepoTags ?? [])
    .filter((tag) => tag.startsWith(`${BASE_REPOSITORY}:`) && tag !== kept);
  const remove = async (tag: string) => removeFromEngine(`image ${tag}`, async () => docker.getImage(tag).remove());
  return together(await Promise.all(tags.map(remove)));
}

/** The root filesystem as an archive in the home; assembled again only when its sources have changed. */
async function assemble(home: string, signal: AbortSignal | undefined): Promise<Archive> {
  const tools = (await installedImageTools(process.env)) ?? (await packagedImageTools(home, signal));
  if (!tools)
    throw new OutlastError('IMAGE_UNAVAILABLE', 'A base image cannot be assembled: git, tini and busybox are missing.');
  const folder = basesFolder(home);
  await mkdir(folder, { recursive: true });
  return withLock(path.join(folder, BASES_LOCK), () => assembleOnce(folder, tools, signal), signal);
}

interface Archive {
  readonly archive: string;
  /** Of the archive's content. */
  readonly hash: string;
}

async function assembleOnce(folder: string, tools: ImageTools, signal: AbortSignal | undefined): Promise<Archive> {
  const npm = await findNpm();
  const key = await fingerprint([tools.git, tools.tini, tools.busybox, process.execPath], npm);
  const known = (await readdir(folder)).find((name) => name.startsWith(`${key}-`));
  const hashOf = (name: string) => name.slice(key.length + 1, -'.tar'.length);
  if (known) return { archive: path.join(folder, known), hash: hashOf(known) };

  const { path: root, cleanup } = await dir({ unsafeCleanup: true, tmpdir: folder, mode: 0o755 });
  const temporary = path.join(folder, 'new.tar');
  try {
    await fillRoot(root, tools, npm);
    // The same content gives the same bytes, hence the same tag on every host.
    const pack = (action: string, owner: number, ...what: string[]) => {
      const reproducible = ['--sort=name', '--mtime=@0', '--numeric-owner', `--owner=${owner}`, `--group=${owner}`];
      return execa(
        'tar',
        [action, temporary, ...reproducible, '-C', root, ...what],
        signal ? { cancelSignal: signal } : {},
      );
    };
    await pack('-cf', 0, '--exclude=./home/node', '.');
    await pack('-rf', 1000, './home/node');
    const hash = createHash('sha256');
    await pipeline(createReadStream(temporary), hash);
    const name = `${key}-${hash.digest('hex').slice(0, 32)}.tar`;
    for (const old of (await readdir(folder)).filter((one) => one.endsWith('.tar') && one !== 'new.tar'))
      await rm(path.join(folder, old));
    const archive = path.join(folder, name);
    await rename(temporary, archive);
    return { archive, hash: hashOf(name) };
  } finally {
    await rm(temporary, { force: true });
    await cleanup();
  }
}

/** Changes of this recipe are changes of the image. */
const RECIPE = '1';

async function fingerprint(sources: readonly string[], npm: string | null): Promise<string> {
  const hash = createHash('sha256').update(RECIPE);
  const update = async (source: string): Promise<void> => {
    const file = await realpath(source);
    const { size, mtimeMs } = await stat(file);
    hash.update(`${file} ${size} ${mtimeMs}\n`);
  };
  for (const source of npm ? [...sources, npm] : sources) await update(source);
  // Where npm's registry may be set. npm itself, which knows, takes its time to say.
  for (const file of npm ? npmSettings(npm) : []) await update(file).catch(() => {});
  hash.update(process.env['npm_config_registry'] ?? '');
  return hash.digest('hex').slice(0, 16);
}

async function fillRoot(root: string, tools: ImageTools, npm: string | null): Promise<void> {
  const at = (...parts: string[]) => path.join(root, ...parts);
  const folders = ['usr/bin', 'usr/sbin', 'usr/lib', 'usr/lib64', 'usr/local/bin', 'usr/local/etc', 'etc/ssl/certs'];
  const more = [
    'root',
    'home/node',
    'tmp',
    'var/tmp',
    'var/lib',
    'var/log',
    'run',
    'proc',
    'sys',
    'dev',
    'mnt',
    'opt',
    'srv',
  ];
  await Promise.all([...folders, ...more].map((folder) => mkdir(at(folder), { recursive: true })));
  await Promise.all(['bin', 'sbin', 'lib', 'lib64'].map((name) => symlink(`usr/${name}`, at(name))));
  await symlink('../run', at('var/run'));
  await Promise.all(['tmp', 'var/tmp'].map((name) => chmod(at(name), 0o1777)));

  const install = async (from: string, to: string) => {
    await cp(await realpath(from), at(to));
    await chmod(at(to), 0o755);
  };
  await install(process.execPath, 'usr/local/bin/node');
  await install(tools.git, 'usr/bin/git');
  await install(tools.tini, 'usr/bin/tini');
  await install(tools.busybox, 'usr/bin/busybox');
  await cp(tools.gitCore, at('usr/lib/git-core'), { recursive: true, verbatimSymlinks: true });
  await mkdir(at('usr/share/git-core/templates'), { recursive: true });
  if (npm) {
    await cp(npm, at('usr/local/lib/node_modules/npm'), { recursive: true, verbatimSymlinks: true });
    await Promise.all(
      ['npm', 'npx'].map((name) => symlink(`../lib/node_modules/npm/bin/${name}-cli.js`, at('usr/local/bin', name))),
    );
  }

  const programs = [process.execPath, tools.git, path.join(tools.gitCore, 'git-remote-http')];
  const libraries = new Set<string>();
  for (const program of programs) for (const one of await librariesOf(program, tools.libraries)) libraries.add(one);
  await Promise.all(
    [...libraries].map(async (library) => {
      const isLoader = path.basename(library).startsWith('ld-linux');
      // The loader stands where programs name it; the rest where it looks by itself.
      const target = isLoader ? library : path.join('usr/lib', TRIPLET, path.basename(library));
      await mkdir(path.dirname(at(target)), { recursive: true });
      await install(library, target);
    }),
  );

  const applets = (await execa(tools.busybox, ['--list'])).stdout.split('\n');
  await Promise.all(applets.map((name) => symlink('busybox', at('usr/bin', name)).catch(() => undefined)));

  const authorities = await caBundle();
  if (authorities) await writeFile(at(CA_BUNDLE), authorities);
  await writeFile(at('usr/local/etc/npmrc'), await npmrc());
  await writeFile(at('etc/nsswitch.conf'), 'passwd: files\ngroup: files\nhosts: files dns\n');
  await writeFile(
    at('etc/passwd'),
    `${USERS.map(([name, id, home]) => `${name}:x:${id}:${id}:${name}:${home}:/bin/sh`).join('\n')}\n`,
  );
  await writeFile(at('etc/group'), `${USERS.map(([name, id]) => `${name}:x:${id}:`).join('\n')}\n`);
  await writeFile(at('etc/os-release'), 'ID=outlast\nNAME="Outlast base image"\n');
}

/** The users that the official image has and its users rely on. */
const USERS: readonly (readonly [string, number, string])[] = [
  ['root', 0, '/root'],
  ['daemon', 1, '/usr/sbin'],
  ['www-data', 33, '/var/www'],
  ['node', 1000, '/home/node'],
  ['nobody', 65534, '/nonexistent'],
];

async function findNpm(): Promise<string | null> {
  const program = await findProgram('npm', pathFolders(process.env));
  if (program === null) return null;
  const folder = path.dirname(path.dirname(await realpath(program)));
  const text = await readFile(path.join(folder, 'package.json'), 'utf8').catch(() => '{}');
  const manifest: { name?: string } = JSON.parse(text);
  return manifest.name === 'npm' ? folder : null;
}

/** Of the folder, the user, the installation and npm itself. */
function npmSettings(npm: string): string[] {
  const { npm_config_userconfig: user = path.join(homedir(), '.npmrc') } = process.env;
  return [path.resolve('.npmrc'), user, path.join(npm, '../../../etc/npmrc'), path.join(npm, 'npmrc')];
}

/** npm's settings for the image: the machine's registry, and no token. */
async function npmrc(): Promise<string> {
  const asked = await execa('npm', ['config', 'get', 'registry'], { reject: false });
  const lines = [`cafile=${CA_BUNDLE}`, 'update-notifier=false', 'fund=false', 'audit=false'];
  if (asked.exitCode === 0 && URL.canParse(asked.stdout.trim())) {
    const registry = new URL(asked.stdout.trim());
    registry.username = '';
    registry.password = '';
    lines.push(`registry=${registry.href}`);
  }
  return `${lines.join('\n')}\n`;
}
