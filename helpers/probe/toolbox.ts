import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import {
  access,
  chmod,
  copyFile,
  mkdir,
  readdir,
  readFile,
  realpath,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { createRequire, stripTypeScriptTypes } from 'node:module';
import { basename, delimiter, dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { useEntry } from '../cleanup/cache.ts';
import type { Git } from '../host/engine/find-git.ts';

/** Where the toolbox is mounted in every service. */
export const TOOLBOX_MOUNT = '/.outlast';

/** Starts Node. The loader is the toolbox's own, so the image needs no libc. */
export const NODE_ARGV: readonly string[] = [
  `${TOOLBOX_MOUNT}/lib/ld.so`,
  '--library-path',
  `${TOOLBOX_MOUNT}/lib`,
  `${TOOLBOX_MOUNT}/bin/node`,
];

/** Starts the agent. */
export const AGENT_ARGV: readonly string[] = [...NODE_ARGV, `${TOOLBOX_MOUNT}/helpers/probe/agent.js`];

/** What the container's environment must not do to the agent. */
export const AGENT_ENV: readonly string[] = [
  'NODE_OPTIONS=',
  'NODE_V8_COVERAGE=',
  'NODE_USE_ENV_PROXY=',
  'LD_PRELOAD=',
  `LD_LIBRARY_PATH=${TOOLBOX_MOUNT}/lib`,
];

/** Modules that the agents in containers and nested hosts consist of, below `helpers/`. */
const MODULES = [
  'host/files/file-operations',
  'host/nested/machine-agent',
  'host/nested/wide-session',
  'host/process-identity',
  'probe/agent',
  'probe/find-data',
  'probe/answering',
  'probe/health',
  'probe/identity',
  'probe/lines',
  'probe/listening',
  'probe/open-files',
  'probe/owners',
  'probe/writable',
  'stores/command',
  'stores/drivers',
  'stores/execute',
  'stores/files',
  'stores/git',
  'stores/http',
  'stores/mysql',
  'stores/own',
  'stores/own-files',
  'stores/postgres',
  'stores/redis',
  'stores/refusal',
  'stores/server',
  'stores/sqlite',
  'stores/volatile',
  'verdict/marker',
];

/** Clients of database servers; a driver loads its own when it is first used. */
const CLIENTS = ['@redis/client', 'mysql2', 'pg'];

export interface Toolbox {
  /** On this machine, to be mounted read-only at `mountPoint`. */
  readonly folder: string;
  readonly mountPoint: string;
}

/** A toolbox that its holder uses, and that no sweep removes meanwhile. */
export type HeldToolbox = Toolbox & Disposable;

/** The folder of all toolboxes of a home. */
export function toolboxesFolder(home: string): string {
  return join(home, 'toolbox');
}

export interface ToolboxOptions {
  /** Folder of Outlast's own state. */
  readonly home: string;
  /** A git to take instead of the one on PATH, and where its libraries are. */
  readonly git?: Git | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes the folder that holds all the agent needs, or finds it ready made: its name tells its content.
 * @throws Error when there is no git, or a library is missing.
 */
export async function buildToolbox({ home, git, signal }: ToolboxOptions): Promise<HeldToolbox> {
  const node = await realpath(process.execPath);
  const gitProgram = await realpath(git?.path ?? (await findOnPath('git')));
  const sqlite = await sqliteFiles();
  const binaries = [...sqlite.values()].filter((file) => file.endsWith('.node'));
  const libraries = (
    await Promise.all([
      ...[node, ...binaries].map(async (program) => librariesOf(program)),
      librariesOf(gitProgram, git?.libraryPath),
    ])
  ).flat();
  const loader = libraries.find((file) => /^ld-(linux|musl)/.test(basename(file)));
  if (loader === undefined) throw new Error('No loader is known for Node on this machine.');
  const files = new Map([...sqlite, ...(await clientFiles()), ['bin/node', node], ['bin/git', gitProgram]]);
  // Of a library that is there twice, Node's is kept: it is the one that the loader belongs to.
  for (const library of libraries.toReversed()) files.set(`lib/${basename(library)}`, await realpath(library));

  const code = await agentCode();
  const fill = async (folder: string): Promise<void> => fillToolbox(folder, files, code, basename(loader));
  const entry = await useEntry(toolboxesFolder(home), await digestOf(files, code), fill, signal);
  return { ...entry, mountPoint: TOOLBOX_MOUNT };
}

async function fillToolbox(
  folder: string,
  files: ReadonlyMap<string, string>,
  code: ReadonlyMap<string, string>,
  loader: string,
): Promise<void> {
  for (const [name, source] of files) {
    const target = join(folder, name);
    await mkdir(dirname(target), { recursive: true });
    await copyFile(source, target, constants.COPYFILE_FICLONE);
    await chmod(target, /^(bin|lib)\//.test(name) ? 0o755 : 0o644);
  }
  for (const [name, text] of code) {
    const target = join(folder, name);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, text);
    await chmod(target, 0o644);
  }
  // One name on every architecture.
  await symlink(loader, join(folder, 'lib', 'ld.so'));
  await setInterpreter(join(folder, 'bin', 'git'), `${TOOLBOX_MOUNT}/lib/ld.so`);
  await openFolders(folder);
}

/** Git starts itself for parts of its work, without our loader's help: its binary must name that loader. */
async function setInterpreter(program: string, loader: string): Promise<void> {
  const bytes = await readFile(program);
  const [named] = /\/[\w./-]+\/ld-(?:linux|musl)[\w.-]*\0/.exec(bytes.toString('latin1', 0, 4096)) ?? [];
  if (named === undefined || named.length <= loader.length) return;
  bytes.write(loader.padEnd(named.length, '\0'), bytes.indexOf(named), 'latin1');
  await writeFile(program, bytes);
}

/** Whatever the mask of the user, everybody in a container may look. */
async function openFolders(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await openFolders(join(folder, entry.name));
  }
}

/** Code of the agent as JavaScript: types are stripped here, once, and not at every start in a container. */
async function agentCode(): Promise<Map<string, string>> {
  // The repository has `.ts`, the package `.js`.
  const extension = extname(fileURLToPath(import.meta.url));
  const helpers = fileURLToPath(new URL('..', import.meta.url));
  const code = new Map([['package.json', '{"type":"module"}\n']]);
  for (const module of MODULES) {
    const source = await readFile(join(helpers, `${module}${extension}`), 'utf8');
    code.set(`helpers/${module}.js`, extension === '.ts' ? stripTypes(source) : source);
  }
  return code;
}

function stripTypes(source: string): string {
  const emitWarning = process.emitWarning.bind(process);
  // Node tells that the function is experimental; that is no concern of the user's.
  process.emitWarning = () => {};
  try {
    return stripTypeScriptTypes(source).replaceAll(/(from '\.[^']*)\.ts'/g, "$1.js'");
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** The package's code and its binary for this machine, which is the one that the agent's Node chooses too. */
async function sqliteFiles(): Promise<Map<string, string>> {
  const require = createRequire(import.meta.url);
  const from = dirname(require.resolve('better-sqlite3/package.json'));
  const { getPrebuildPath } = require(join(from, 'lib', 'binding.js')) as { getPrebuildPath: () => string | null };
  const binary = getPrebuildPath();
  if (binary === null) throw new Error('better-sqlite3 has no binary for this machine.');
  const code = (await readdir(join(from, 'lib'), { recursive: true })).filter((name) => name.endsWith('.js'));
  const names = ['package.json', ...code.map((name) => `lib/${name}`), `prebuilds/${basename(binary)}`];
  return new Map(names.map((name) => [`node_modules/better-sqlite3/${name}`, join(from, name)]));
}

/** The code of the clients with that of all they depend on. */
async function clientFiles(): Promise<Map<string, string>> {
  const placed = new Map<string, string>();
  const place = async (name: string, from: string, parent: string): Promise<void> => {
    const folder = await packageFolder(name, from);
    const top = `node_modules/${name}`;
    // Where another version has the place at the top, it is put below whoever needs it.
    const target = (placed.get(top) ?? folder) === folder ? top : `${parent}/${top}`;
    if (placed.get(target) === folder) return;
    placed.set(target, folder);
    const manifest = join(folder, 'package.json');
    const { dependencies = {} } = JSON.parse(await readFile(manifest, 'utf8')) as { dependencies?: object };
    for (const dependency of Object.keys(dependencies)) await place(dependency, manifest, target);
  };
  for (const client of CLIENTS) await place(client, import.meta.url, '.');

  const files = await Promise.all(
    [...placed].map(async ([target, folder]) => {
      const names = await readdir(folder, { recursive: true });
      return names
        .filter((name) => /\.(js|cjs|mjs|json)$/.test(name) && !/(^|\/)node_modules\//.test(name))
        .map((name): [string, string] => [`${target}/${name}`, join(folder, name)]);
    }),
  );
  return new Map(files.flat());
}

/** Where a package is that a module may import: not every one exports its own `package.json`. */
async function packageFolder(name: string, from: string): Promise<string> {
  for (const folder of createRequire(from).resolve.paths(name) ?? []) {
    if (await exists(join(folder, name, 'package.json'))) return realpath(join(folder, name));
  }
  throw new Error(`The package ${name} is not installed.`);
}

/** Shared libraries of a program with its loader, as `ldd` names them; with glibc also those that look names up. */
async function librariesOf(program: string, libraryPath?: string): Promise<string[]> {
  const env = { ...process.env, ...(libraryPath === undefined ? {} : { LD_LIBRARY_PATH: libraryPath }) };
  const { stdout } = await promisify(execFile)('ldd', [program], { env });
  if (stdout.includes('not found')) throw new Error(`A library of ${program} is missing:\n${stdout}`);
  const named = parseLdd(stdout);
  const libc = named.find((file) => basename(file) === 'libc.so.6');
  if (libc === undefined) return named;
  const lookUps = ['libresolv.so.2', 'libnss_dns.so.2', 'libnss_files.so.2'].map((name) => join(dirname(libc), name));
  const present = await Promise.all(lookUps.map(async (file) => ((await exists(file)) ? [file] : [])));
  return [...named, ...present.flat()];
}

/** Files that an output of `ldd` names. Pure. */
export function parseLdd(output: string): string[] {
  return output.split('\n').flatMap((line) => /(?:=>\s+|^\s*)(\/\S+)/.exec(line)?.[1] ?? []);
}

/** Name and content of every file; of those that are not ours, size and time stand for the content. */
async function digestOf(files: ReadonlyMap<string, string>, code: ReadonlyMap<string, string>): Promise<string> {
  // This module too: what it does with the files is part of the content.
  const hash = createHash('sha256').update(await readFile(fileURLToPath(import.meta.url)));
  for (const [name, text] of code) hash.update(`${name}\0${text}\0`);
  for (const [name, source] of files) {
    const { size, mtimeMs } = await stat(source);
    hash.update(`${name}\0${source}\0${size}\0${mtimeMs}\0`);
  }
  return hash.digest('hex').slice(0, 16);
}

async function findOnPath(program: string): Promise<string> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const file = join(folder, program);
    if (await exists(file)) return file;
  }
  throw new Error(`There is no ${program} on this machine.`);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
