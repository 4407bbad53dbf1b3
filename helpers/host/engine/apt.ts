import { readdir, readFile, stat, mkdir, writeFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { OutlastError } from '../../errors.ts';
import { withLock } from '../lock.ts';
import { findMirror, parseDeb822Sources, parseOneLineSources, renderSource, type AptSource } from './apt-sources.ts';
import { parsePackageIndex, type PackageIndex } from './package-index.ts';

const LISTS_KEEP_MS = 24 * 60 * 60 * 1000;

/** A package of a suite. */
export interface Wanted {
  readonly name: string;
  readonly suite: string;
}

/** An apt of our own: the machine's mirror, keyring and settings, but private lists; nothing of the system is touched. */
export interface Apt {
  /** Newest first; the last is the machine's own. */
  readonly suites: readonly string[];
  /** Reads the indexes, after bringing them up to date where they are old or `fresh` is asked for. */
  indexes(fresh?: boolean): Promise<ReadonlyMap<string, PackageIndex>>;
  /** Downloads packages and unpacks them into one folder. */
  unpack(packages: readonly Wanted[], into: string): Promise<void>;
}

/** The apt of this machine, or `null` where it is not a Debian. */
export async function openApt(home: string, signal?: AbortSignal): Promise<Apt | null> {
  const codename = await debianCodename();
  const mirror = codename === null ? null : findMirror(await readMachineSources(), codename);
  if (codename === null || !mirror) return null;
  const suites = [...new Set(['sid', 'trixie', codename])];

  const folder = path.join(home, 'apt');
  const lists = path.join(folder, 'lists');
  const parts = path.join(folder, 'parts');
  const settings = Object.entries({
    'Dir::Etc::sourcelist': '/dev/null',
    'Dir::Etc::sourceparts': parts,
    'Dir::State::Lists': lists,
    'Dir::State::status': '/dev/null',
    'Dir::Cache': path.join(folder, 'cache'),
    'Dir::Cache::pkgcache': 'pkgcache.bin',
    'Dir::Cache::srcpkgcache': 'srcpkgcache.bin',
    'Acquire::Check-Valid-Until': 'false',
    'Acquire::Languages': 'none',
    'Acquire::GzipIndexes': 'false',
    // The sandbox user cannot enter a folder that is ours alone.
    'APT::Sandbox::User': 'root',
  }).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
  const aptGet = (args: readonly string[], cwd = folder) =>
    execa('apt-get', ['-q', ...settings, ...args], {
      cwd,
      reject: false,
      stdin: 'ignore',
      env: { LC_ALL: 'C' },
      ...(signal ? { cancelSignal: signal } : {}),
    });

  const update = async (fresh: boolean): Promise<void> => {
    const stamp = path.join(folder, 'updated');
    const age = Date.now() - (await changedAt(stamp));
    if (age < (fresh ? 60_000 : LISTS_KEEP_MS)) return;
    const folders = [parts, path.join(lists, 'partial'), path.join(folder, 'cache/archives/partial')];
    await Promise.all(folders.map((one) => mkdir(one, { recursive: true })));
    await writeFile(path.join(parts, 'outlast.sources'), renderSource(mirror, suites));
    const result = await aptGet(['update']);
    signal?.throwIfAborted();
    const names = await readdir(lists);
    if (!names.some((name) => name.endsWith('_Packages')))
      throw new OutlastError('ENGINE_UNAVAILABLE', 'The Debian mirror gave no package index.', {
        detail: result.stderr,
      });
    // A suite that failed is tried again with the next run, not kept for a day.
    if (result.exitCode === 0) await writeFile(stamp, '');
    else await rm(stamp, { force: true });
  };

  return {
    suites,
    async indexes(fresh = false) {
      await mkdir(folder, { recursive: true });
      await withLock(path.join(folder, 'lock'), () => update(fresh), signal);
      const targets = await aptGet(['indextargets', '--format', '$(RELEASE) $(FILENAME)', 'Identifier: Packages']);
      const read = await Promise.all(
        targets.stdout.split('\n').map(async (line) => {
          const [suite = '', file = ''] = line.split(' ');
          const text = await readFile(file, 'utf8').catch(() => null);
          return text === null ? [] : [[suite, parsePackageIndex(text)] as const];
        }),
      );
      return new Map(read.flat());
    },
    async unpack(packages, into) {
      const archives = `${into}.archives`;
      await mkdir(archives, { recursive: true });
      try {
        const result = await aptGet(['download', ...packages.map(({ name, suite }) => `${name}/${suite}`)], archives);
        signal?.throwIfAborted();
        if (result.exitCode !== 0)
          throw new OutlastError('ENGINE_UNAVAILABLE', 'The Debian packages cannot be downloaded.', {
            detail: result.stderr,
          });
        await mkdir(into, { recursive: true });
        const files = (await readdir(archives)).filter((name) => name.endsWith('.deb'));
        // dpkg runs tar, which replaces a link like /bin by a folder; one after the other keeps that in order.
        for (const file of files) await execa('dpkg', ['-x', path.join(archives, file), into]);
      } finally {
        await rm(archives, { recursive: true, force: true });
      }
    },
  };
}

async function changedAt(file: string): Promise<number> {
  return stat(file).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
}

async function debianCodename(): Promise<string | null> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const field = (name: string) => new RegExp(`^${name}="?([^"\n]*)"?$`, 'm').exec(text)?.[1];
  if (field('ID') !== 'debian') return null;
  return field('VERSION_CODENAME') ?? 'sid';
}

async function readMachineSources(): Promise<AptSource[]> {
  const folder = '/etc/apt/sources.list.d';
  const names = await readdir(folder).catch(() => []);
  const files = ['/etc/apt/sources.list', ...names.map((name) => path.join(folder, name))];
  const sources = await Promise.all(
    files.map(async (file) => {
      const text = await readFile(file, 'utf8').catch(() => '');
      if (file.endsWith('.sources')) return parseDeb822Sources(text);
      return file.endsWith('.list') ? parseOneLineSources(text) : [];
    }),
  );
  return sources.flat();
}
