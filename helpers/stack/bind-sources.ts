import { lstat, readdir, readFile, readlink, realpath, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { execa } from 'execa';
import { OutlastError } from '../errors.ts';
import type { Git } from '../host/engine/find-git.ts';
import type { Refusal } from './allow-list.ts';
import type { ProjectModel } from './project-model.ts';

/** Whether folders that the stack may write begin with the user's data. */
export type DataChoice = 'empty' | 'copy';

/** What a shadow makes of a file or folder of the user's. */
export interface BindSource {
  /** As Compose names it. */
  readonly original: string;
  /** No service may write it. */
  readonly readOnly: boolean;
  /** `machine`: no copy can stand for it, so it is mounted as it is once it is allowed. */
  readonly kind: 'file' | 'folder' | 'absent' | 'machine';
  /** What git tracks in a folder, relative to it. */
  readonly tracked: readonly string[];
}

export interface BindSources {
  readonly sources: readonly BindSource[];
  readonly refused: readonly Refusal[];
  /** By which each bind would be allowed, refused or not: what lies in it changes from day to day. */
  readonly keys: readonly string[];
}

/** Bytes that are copied without a question, where nobody said otherwise. */
export const COPY_LIMIT = 10 * 1024 ** 3;

export interface BindOptions {
  readonly data: DataChoice;
  /** `null`: what git tracks is not known. */
  readonly git: Git | null;
  /** Keys that are let through. */
  readonly allow?: readonly string[];
  /** Bytes that are copied without a question. */
  readonly limit?: number;
}

/**
 * Looks at every bind source of a stack, and writes nothing.
 * @throws OutlastError DATA_IN_USE
 */
export async function examineBinds(
  model: ProjectModel,
  { data, git, allow = [], limit = COPY_LIMIT }: BindOptions,
): Promise<BindSources> {
  const refused: Refusal[] = [];
  const sources: BindSource[] = [];
  const keys: string[] = [];
  for (const { original, readOnly, users } of bindsOf(model)) {
    const keyOf = (path: readonly string[]): string => `${path.join('.')}:${original}`;
    keys.push(...users.map(({ path }) => keyOf(path)));
    const refuse = (why: string): void => {
      for (const { path, mention } of users) refused.push({ key: keyOf(path), path, mention, why });
    };
    const refuseMore = (bytes: number): void => {
      if (bytes > limit) refuse(`${inGigabytes(bytes)} would be copied, more than ${inGigabytes(limit)}`);
    };
    const real = await realpath(original).catch(() => null);
    const found = real === null ? null : await stat(real);
    const harm = machineHarm(original, real ?? original, found?.isSocket() ?? false);
    if (harm !== null) refuse(harm);
    if (isHome(real ?? original)) {
      refuse('a whole home folder');
      // Nobody waits until it was looked through for what is refused as it is.
      if (!users.every(({ path }) => allow.includes(keyOf(path)))) continue;
    }
    const kind = harm === null ? kindOf(found) : 'machine';
    const tracked = kind === 'folder' && real !== null && git !== null ? await trackedFiles(git, real) : [];
    sources.push({ original, readOnly, kind, tracked });
    if (kind === 'file') refuseMore(found?.size ?? 0);
    if (kind !== 'folder' || real === null) continue;

    const whole = readOnly || data === 'copy';
    const content = whole ? await contentOf(real) : await entriesOf(real, tracked);
    const strays = await linksOut(real, content);
    if (strays.length > 0) refuse(`a symlink leads out of it: ${strays.join(', ')}`);
    refuseMore(content.reduce((sum, { size }) => sum + size, 0));
    if (whole && !readOnly) await refuseWhileWritten(original, content);
  }
  return { sources, refused, keys };
}

interface Bind {
  readonly original: string;
  readonly readOnly: boolean;
  readonly users: readonly Pick<Refusal, 'path' | 'mention'>[];
}

/** The binds of all services, and the files of secrets and configs, which Compose binds too; one for each source. */
export function bindsOf(model: ProjectModel): Bind[] {
  const mounts = Object.entries(model.services).flatMap(([service, { volumes = [] }]) =>
    volumes.flatMap(({ type, source, target, read_only: readOnly }) =>
      type === 'bind' && source !== undefined
        ? [{ source, readOnly: readOnly === true, path: ['services', service, 'volumes'], mention: target }]
        : [],
    ),
  );
  const files = (['secrets', 'configs'] as const).flatMap((kind) =>
    Object.entries(model[kind] ?? {}).flatMap(([name, resource]) =>
      resource?.file === undefined ? [] : [{ source: resource.file, readOnly: true, path: [kind, name, 'file'] }],
    ),
  );
  return [...Map.groupBy([...mounts, ...files], ({ source }) => source)].map(([original, users]) => ({
    original,
    readOnly: users.every(({ readOnly }) => readOnly),
    users,
  }));
}

/** What is the kernel's, the engine's or another process's cannot be copied, and mounted it leads out of any shadow. */
function machineHarm(original: string, real: string, isSocket: boolean): string | null {
  const paths = [resolve(original), real];
  if (isSocket || paths.some((path) => /(^|\/)[^/]*\.sock$/.test(path))) return 'a socket leads out of the shadow';
  if (paths.includes('/')) return 'the whole machine';
  return paths.some(isOfMachine) ? 'it belongs to the machine, and no copy can stand for it' : null;
}

function isOfMachine(path: string): boolean {
  return MACHINE.some((folder) => path === folder || path.startsWith(`${folder}/`)) || ABOVE_MACHINE.has(path);
}

const MACHINE = ['/proc', '/sys', '/dev', '/run', '/var/run', '/boot', '/var/lib/docker', '/var/lib/containerd'];
const ABOVE_MACHINE: ReadonlySet<string> = new Set(['/var', '/var/lib']);

function isHome(path: string): boolean {
  return path === homedir() || /^\/(root|home|Users)$|^\/(home|Users)\/[^/]+$/.test(path);
}

function kindOf(found: { isDirectory(): boolean } | null): BindSource['kind'] {
  if (found === null) return 'absent';
  return found.isDirectory() ? 'folder' : 'file';
}

/** What git tracks in a folder and is there; nothing where there is no repository. */
async function trackedFiles(git: Git, folder: string): Promise<string[]> {
  // A repository's own configuration must start no program, and whose it is does not matter for a look.
  const args = [
    '-c',
    'core.fsmonitor=false',
    '-c',
    'safe.directory=*',
    'ls-files',
    '-z',
    '--recurse-submodules',
    '--',
    '.',
  ];
  const env = git.libraryPath === undefined ? {} : { LD_LIBRARY_PATH: git.libraryPath };
  const listed = await execa(git.path, args, { cwd: folder, env, reject: false });
  return listed.exitCode === 0 ? [...new Set(listed.stdout.split('\0'))].filter(Boolean) : [];
}

interface Entry {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Device and inode: what tells a file from all others, by whatever path it was opened. */
  readonly id: string;
  readonly isLink: boolean;
}

/** Everything below a folder but folders. */
async function contentOf(folder: string): Promise<Entry[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  const names = found.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
  return entriesOf(
    folder,
    names.map((name) => relative(folder, name)),
  );
}

async function entriesOf(folder: string, names: readonly string[]): Promise<Entry[]> {
  const entries = await Promise.all(
    names.map(async (name): Promise<Entry | null> => {
      const path = join(folder, name);
      const found = await lstat(path, { bigint: true }).catch(() => null);
      if (found === null) return null;
      return { path, size: Number(found.size), id: `${found.dev}:${found.ino}`, isLink: found.isSymbolicLink() };
    }),
  );
  return entries.filter((entry) => entry !== null);
}

/** Symlinks that lead out of the folder, with where they lead. */
async function linksOut(folder: string, content: readonly Entry[]): Promise<string[]> {
  const links = content.filter(({ isLink }) => isLink);
  const leading = await Promise.all(links.map(async ({ path }) => ({ path, to: await readlink(path) })));
  return leading
    .filter(({ path, to }) => {
      const below = relative(folder, resolve(dirname(path), to));
      return below === '..' || below.startsWith('../') || isAbsolute(below);
    })
    .map(({ path, to }) => `${relative(folder, path)} -> ${to}`);
}

/**
 * A copy of data that is being written is a copy of no moment.
 * @throws OutlastError DATA_IN_USE when a process holds a file open for writing, or when that cannot be seen here
 */
async function refuseWhileWritten(folder: string, content: readonly Entry[]): Promise<void> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    throw new OutlastError('DATA_IN_USE', `Whether somebody writes to ${folder} can be seen by root on Linux alone.`);
  const paths = new Map(content.map(({ id, path }) => [id, path]));
  const writers = await writersOf(paths);
  if (writers.length > 0)
    throw new OutlastError('DATA_IN_USE', `Somebody writes to ${folder}.`, { detail: writers.join('\n') });
}

/** Processes that hold one of the files open for writing; those in containers too, whatever path they know it by. */
async function writersOf(paths: ReadonlyMap<string, string>): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const writers = await Promise.all(
    pids.map(async (pid) => {
      const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
      const written = await Promise.all(
        descriptors.map(async (descriptor) => {
          const found = await stat(`/proc/${pid}/fd/${descriptor}`, { bigint: true }).catch(() => null);
          const path = found === null ? undefined : paths.get(`${found.dev}:${found.ino}`);
          if (path === undefined) return [];
          const info = await readFile(`/proc/${pid}/fdinfo/${descriptor}`, 'utf8').catch(() => '');
          const flags = Number.parseInt(/^flags:\s*(\d+)/m.exec(info)?.[1] ?? '0', 8);
          return (flags & ACCESS_MODE) === 0 ? [] : [path];
        }),
      );
      const name = (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).trim();
      return [...new Set(written.flat())].map((path) => `${path} by process ${pid} (${name})`);
    }),
  );
  return writers.flat();
}

/** O_ACCMODE: 0 stands for reading alone. */
const ACCESS_MODE = 3;

function inGigabytes(bytes: number): string {
  return `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
}
