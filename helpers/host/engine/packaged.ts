import { mkdir, readFile, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { OutlastError } from '../../errors.ts';
import { withLock } from '../lock.ts';
import { openApt, type Apt, type Wanted } from './apt.ts';
import { IPTABLES_TRIAL } from '../firewall.ts';
import type { Engine, EngineSource, HostTools, ImageTools, NetworkTools, Plugins } from './engine.ts';
import { fitsLibc, libraryClosure, type PackageIndex } from './package-index.ts';
import { findProgram, libraryFoldersOf, programFoldersOf, versionOf } from './programs.ts';

/** A package that is wanted for one of its programs. */
interface Component {
  readonly packages: readonly string[];
  readonly program: string;
  readonly suites: readonly string[];
  readonly minimumMajor?: number;
  readonly versionArgs?: readonly string[];
}

/** Packages that belong together and what they amount to once unpacked. */
interface Bundle<T> {
  readonly key: string;
  components(suites: readonly string[]): Component[];
  describe(root: string): Promise<T>;
}

/** Debian packages, unpacked into a cache below the home. */
export const packagedEngine: EngineSource = {
  origin: 'packages',
  find: (home, { engineVersionFrom, signal }) => fetchBundle(home, engineBundle(engineVersionFrom), signal),
};

/** Compose and buildx from Debian's packages. */
export function packagedPlugins(home: string, signal?: AbortSignal): Promise<Plugins | null> {
  return fetchBundle(home, pluginBundle, signal);
}

/** The tools of assembled images from Debian's packages. */
export function packagedImageTools(home: string, signal?: AbortSignal): Promise<ImageTools | null> {
  return fetchBundle(home, imageToolBundle, signal);
}

/** The network tools from Debian's packages. */
export function packagedNetworkTools(home: string, signal?: AbortSignal): Promise<NetworkTools | null> {
  return fetchBundle(home, networkToolBundle, signal);
}

/** The host tools from Debian's packages. */
export async function packagedTools(home: string, signal?: AbortSignal): Promise<HostTools | null> {
  const [image, network] = await Promise.all([packagedImageTools(home, signal), packagedNetworkTools(home, signal)]);
  if (!image || !network) return null;
  const libraries = [...image.libraries, ...network.libraries];
  return { ...image, ...network, libraries, iptables: await workingIptables(network) };
}

/** Any one program of a Debian package with its libraries, for instance a registry to test against. */
export function packagedProgram(
  home: string,
  name: string,
  program: string,
  signal?: AbortSignal,
): Promise<{ program: string; libraries: string[] } | null> {
  const bundle: Bundle<{ program: string; libraries: string[] }> = {
    key: `program-${name}`,
    components: (suites) => [{ packages: [name], program, suites, versionArgs: ['--version'] }],
    describe: async (root) => ({ program: await programIn(root, program), libraries: libraryFoldersOf(root) }),
  };
  return fetchBundle(home, bundle, signal);
}

function engineBundle(suite: string | undefined): Bundle<Engine> {
  return {
    key: `engine-${suite ?? 'newest'}`,
    components: (all) => {
      const suites = suite === undefined ? all : [suite];
      const older = suite === undefined ? all : [...all.slice(all.indexOf(suite)), ...all.toReversed()];
      return [
        { packages: ['docker.io'], program: 'dockerd', suites },
        { packages: ['docker-cli', 'docker.io'], program: 'docker', suites: older },
        { packages: ['containerd'], program: 'containerd', suites },
        { packages: ['runc'], program: 'runc', suites: older },
        { packages: ['tini-static', 'tini'], program: 'tini-static', suites: all.toReversed() },
      ];
    },
    async describe(root) {
      const links = path.join(root, 'outlast-bin');
      await mkdir(links);
      await symlink(await programIn(root, 'tini-static'), path.join(links, 'docker-init'));
      const dockerd = await programIn(root, 'dockerd');
      const libraries = libraryFoldersOf(root);
      return {
        origin: 'packages',
        version: (await versionOf(dockerd, ['--version'], libraries)) ?? '',
        dockerd,
        docker: await programIn(root, 'docker'),
        path: [links, ...programFoldersOf(root)],
        libraries,
      };
    },
  };
}

const pluginBundle: Bundle<Plugins> = {
  key: 'plugins',
  components: (suites) => [
    { packages: ['docker-compose'], program: 'docker-compose', suites, minimumMajor: 2, versionArgs: ['version'] },
    { packages: ['docker-buildx'], program: 'docker-buildx', suites, versionArgs: ['version'] },
  ],
  async describe(root) {
    const compose = await programIn(root, 'docker-compose');
    return {
      compose,
      composeVersion: (await versionOf(compose, ['version'])) ?? '',
      buildx: await programIn(root, 'docker-buildx'),
    };
  },
};

const imageToolBundle: Bundle<ImageTools> = {
  key: 'image-tools',
  components: (all) => {
    // These bring libraries along, and those of the machine's own release fit it.
    const suites = all.toReversed();
    return [
      { packages: ['git'], program: 'git', suites },
      { packages: ['tini-static', 'tini'], program: 'tini-static', suites },
      { packages: ['busybox-static'], program: 'busybox', suites, versionArgs: ['true'] },
    ];
  },
  async describe(root) {
    return {
      git: await programIn(root, 'git'),
      gitCore: path.join(root, 'usr/lib/git-core'),
      tini: await programIn(root, 'tini-static'),
      busybox: await programIn(root, 'busybox'),
      libraries: libraryFoldersOf(root),
    };
  },
};

const networkToolBundle: Bundle<NetworkTools> = {
  key: 'network-tools',
  components: (all) => {
    const suites = all.toReversed();
    return [
      { packages: ['slirp4netns'], program: 'slirp4netns', suites },
      { packages: ['iptables'], program: 'xtables-nft-multi', suites, versionArgs: ['iptables', '--version'] },
    ];
  },
  async describe(root) {
    return {
      slirp4netns: await programIn(root, 'slirp4netns'),
      iptables: { nft: await linkIptables(root, 'nft'), legacy: await linkIptables(root, 'legacy') },
      xtables: path.join(libraryFoldersOf(root)[0] ?? root, 'xtables'),
      libraries: libraryFoldersOf(root),
    };
  },
};

/** Makes the names that the packages' own scripts would make. */
async function linkIptables(root: string, variant: string): Promise<string> {
  const commands = ['iptables', 'ip6tables'].flatMap((name) => [name, `${name}-save`, `${name}-restore`]);
  const folder = path.join(root, `outlast-iptables-${variant}`);
  const program = await programIn(root, `xtables-${variant}-multi`);
  await mkdir(folder);
  await Promise.all(commands.map((name) => symlink(program, path.join(folder, name))));
  return folder;
}

/** The variant that works in a new network namespace here. */
async function workingIptables({ iptables, xtables, libraries }: NetworkTools): Promise<string> {
  for (const folder of [iptables.nft, iptables.legacy]) {
    const env = {
      PATH: `${folder}:${process.env['PATH'] ?? ''}`,
      LD_LIBRARY_PATH: libraries.join(':'),
      XTABLES_LIBDIR: xtables,
    };
    const trial = await execa('unshare', ['--net', 'sh', '-ec', IPTABLES_TRIAL], { reject: false, env });
    if (trial.exitCode === 0) return folder;
  }
  throw new OutlastError('ENGINE_UNAVAILABLE', 'No variant of iptables works with this kernel.');
}

async function programIn(root: string, name: string): Promise<string> {
  const program = await findProgram(name, programFoldersOf(root));
  if (program === null) throw new OutlastError('ENGINE_UNAVAILABLE', `The packages hold no ${name}.`);
  return program;
}

/** The bundle out of the cache, fetched first where it is not there yet. `null` where there is no Debian mirror. */
async function fetchBundle<T>(home: string, bundle: Bundle<T>, signal: AbortSignal | undefined): Promise<T | null> {
  await mkdir(path.join(home, 'packages'), { recursive: true });
  // What is found there names the place where it lies, by whatever link it was reached.
  const cache = await realpath(path.join(home, 'packages'));
  const folder = path.join(cache, bundle.key);
  const cached = await readManifest<T>(folder);
  if (cached) return cached;
  const apt = await openApt(home, signal);
  if (!apt) return null;
  return withLock(`${folder}.lock`, () => unpackBundle(apt, folder, bundle, signal), signal);
}

async function unpackBundle<T>(
  apt: Apt,
  folder: string,
  bundle: Bundle<T>,
  signal: AbortSignal | undefined,
): Promise<T | null> {
  const meanwhile = await readManifest<T>(folder);
  if (meanwhile) return meanwhile;

  const temporary = `${folder}.new`;
  await rm(temporary, { recursive: true, force: true });
  await rm(folder, { recursive: true, force: true });
  await unpackWhatRuns(apt, bundle, temporary, signal);
  const description = JSON.stringify(await bundle.describe(temporary));
  await relink(temporary, folder);
  await writeFile(path.join(temporary, MANIFEST), description.replaceAll(temporary, folder));
  await rename(temporary, folder);
  return readManifest<T>(folder);
}

const MANIFEST = 'outlast.json';

async function readManifest<T>(folder: string): Promise<T | null> {
  const text = await readFile(path.join(folder, MANIFEST), 'utf8').catch(() => null);
  if (text === null) return null;
  const manifest: T = JSON.parse(text);
  return manifest;
}

/** Absolute links made in the temporary folder are to point into the final one. */
async function relink(temporary: string, folder: string): Promise<void> {
  const found = await execa('find', [temporary, '-path', '*/outlast-*', '-type', 'l', '-printf', '%p\\n%l\\n']);
  const lines = found.stdout.split('\n');
  for (let at = 0; at + 1 < lines.length; at += 2) {
    const link = lines[at] ?? '';
    const target = (lines[at + 1] ?? '').replace(temporary, folder);
    await rm(link);
    await symlink(target, link);
  }
}

/** Newest first, by what the packages declare; then every program is run, and what does not run gives way to the next suite. */
async function unpackWhatRuns(
  apt: Apt,
  bundle: Bundle<unknown>,
  into: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const libc = machineLibc();
  const installed = await installedLibraries();
  const refused = new Set<string>();
  let indexes = await apt.indexes();
  for (let attempt = 0; attempt < 6; attempt++) {
    signal?.throwIfAborted();
    const components = bundle.components(apt.suites);
    const chosen = components.map((component) => choose(component, indexes, libc, refused));
    const own = apt.suites.at(-1) ?? '';
    const ownIndex = indexes.get(own) ?? new Map<string, never>();
    const libraries = chosen.flatMap(({ name, suite }) =>
      libraryClosure([name], withNeedsOf(ownIndex, indexes.get(suite), name), installed),
    );
    const wanted = [...chosen, ...libraries.map((name) => ({ name, suite: own }))];
    try {
      await apt.unpack(unique(wanted), into);
    } catch (error) {
      if (attempt > 0 || signal?.aborted) throw error;
      // The mirror may have moved on since its index was read.
      indexes = await apt.indexes(true);
      continue;
    }
    let allRun = true;
    for (const [at, { program, versionArgs }] of components.entries()) {
      const file = await findProgram(program, programFoldersOf(into));
      const runs = file !== null && (await runsHere(file, versionArgs ?? ['--version'], libraryFoldersOf(into)));
      const choice = chosen[at];
      if (runs || !choice) continue;
      refused.add(`${choice.name}/${choice.suite}`);
      allRun = false;
    }
    if (allRun) return;
    await rm(into, { recursive: true, force: true });
  }
  throw new OutlastError('ENGINE_UNAVAILABLE', 'The Debian packages do not run on this machine.', {
    detail: [...refused].join('\n'),
  });
}

function choose(
  { packages, program, suites, minimumMajor = 0 }: Component,
  indexes: ReadonlyMap<string, PackageIndex>,
  libc: string,
  refused: ReadonlySet<string>,
): Wanted {
  for (const suite of suites)
    for (const name of packages) {
      const entry = indexes.get(suite)?.get(name)?.();
      if (!entry || refused.has(`${name}/${suite}`) || !fitsLibc(entry, libc)) continue;
      if (Number.parseInt(entry.version.replace(/^\d+:/, ''), 10) >= minimumMajor) return { name, suite };
    }
  throw new OutlastError('ENGINE_UNAVAILABLE', `No package with ${program} runs on this machine.`, {
    detail: `Looked for ${packages.join(', ')} in ${suites.join(', ')}.`,
  });
}

/** The machine's own libraries, with the needs of a package that comes from another suite. */
function withNeedsOf(own: PackageIndex, other: PackageIndex | undefined, name: string): PackageIndex {
  const entry = other?.get(name);
  return entry ? new Map([...own, [name, entry]]) : own;
}

async function runsHere(file: string, args: readonly string[], libraries: readonly string[]): Promise<boolean> {
  const result = await execa(file, args, {
    reject: false,
    stdin: 'ignore',
    timeout: 20_000,
    env: { LD_LIBRARY_PATH: libraries.join(':') },
  });
  return result.exitCode === 0;
}

function unique(wanted: readonly Wanted[]): Wanted[] {
  return [...new Map(wanted.map((one) => [one.name, one])).values()];
}

async function installedLibraries(): Promise<(name: string) => boolean> {
  const query = ['-W', '-f', '${Package} ${db:Status-Status}\n', 'lib*', 'zlib1g'];
  const result = await execa('dpkg-query', query, { reject: false });
  const names = result.stdout.split('\n').flatMap((line) => (line.endsWith(' installed') ? [line.split(' ')[0]] : []));
  const set = new Set(names);
  return (name) => set.has(name);
}

function machineLibc(): string {
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return report.header?.glibcVersionRuntime ?? '0.0';
}
