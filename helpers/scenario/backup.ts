import { createReadStream } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type Dockerode from 'dockerode';
import type { Backup, BackupCommand } from '../config/backup.ts';
import type { Step } from '../disruptions/disruption.ts';
import type { CliOptions } from '../host/host.ts';
import { carryIn, carryOut, digestOf, listFolder, packFile, type CarriedFile } from '../stack/carry.ts';
import type { Project, RunningStack } from '../stack/stack.ts';

/** How many files of a backup are listed by name. */
const LISTED = 5;
/** Lines of a command's output that are kept. */
const OUTPUT_LINES = 10;

/** A backup on its way: from the stack that made it to a place outside, and into the one that is to be restored. */
export class BackupCarrier {
  readonly #config: Backup;
  /** The backup outside of the stack: what came on stdout, or an archive of the folder. */
  readonly #outside: string;
  #before: ReadonlyMap<string, string> = new Map();
  #made: ReadonlySet<string> = new Set();

  /** @param workFolder outside of the stack; the backup lies there until `forget` */
  constructor(config: Backup, workFolder: string) {
    this.#config = config;
    this.#outside = join(workFolder, 'backup');
  }

  /** Notes what lies in the folder before the backup. */
  async prepare(stack: RunningStack): Promise<void> {
    await writeFile(this.#outside, '', { mode: 0o600 });
    this.#before = await this.#lying(stack);
  }

  /** Runs the stack's own backup. */
  async take(project: Project, take: BackupCommand, signal: AbortSignal): Promise<Step> {
    const files = this.#config.folder === undefined ? { stdout: this.#outside } : {};
    return runStackCommand(project, take, signal, files);
  }

  /** Notes what lies in the folder after the backup: what comes later is none of it. @returns what is odd about it */
  async settle(stack: RunningStack): Promise<string[]> {
    const { folder } = this.#config;
    if (folder === undefined) return [];
    const lying = await this.#lying(stack);
    this.#made = new Set(lying.keys());
    const isNew = [...lying].some(([name, hash]) => this.#before.get(name) !== hash);
    return isNew ? [] : [`the backup command left nothing new in ${folder}`];
  }

  /** Hashes of the files in the folder, by name. */
  async #lying(stack: RunningStack): Promise<Map<string, string>> {
    const { take, folder } = this.#config;
    if (folder === undefined || take === undefined) return new Map();
    const files = await listFolder(await containerOf(stack, take), folder);
    return new Map(files.map(({ name, sha256: hash }) => [name, hash]));
  }

  /** Takes the backup out of the stack, or the existing file. @returns what was taken, in words */
  async carryOut(stack: RunningStack): Promise<string> {
    const { take, folder, file } = this.#config;
    if (file !== undefined) return this.#carryFile(file);
    if (folder !== undefined && take !== undefined) {
      const from = await containerOf(stack, take);
      return `backup: ${inWords(await carryOut(from, folder, this.#outside, this.#made))}`;
    }
    return `backup: ${inWords([{ name: 'stdout', ...(await digestOf(this.#outside)) }])}`;
  }

  /** The user's own file is read and nothing else. */
  async #carryFile(file: string): Promise<string> {
    if (this.#config.folder !== undefined) await packFile(file, this.#outside);
    else await writeFile(this.#outside, createReadStream(file), { mode: 0o600 });
    return `backup: ${inWords([{ name: file, ...(await digestOf(file)) }])}`;
  }

  /** Lays the backup where the restore looks for it. */
  async carryIn(stack: RunningStack): Promise<void> {
    const { folder, restore } = this.#config;
    if (folder !== undefined) await carryIn(await containerOf(stack, restore), folder, this.#outside);
  }

  /** Runs the stack's own restore. */
  async restore(project: Project, signal: AbortSignal): Promise<Step> {
    const files = this.#config.folder === undefined ? { stdin: this.#outside } : {};
    return runStackCommand(project, this.#config.restore, signal, files);
  }

  /** Leaves nothing of the backup outside. */
  async forget(): Promise<void> {
    await rm(this.#outside, { force: true });
  }
}

/** Runs a command of the stack's own, as a person would type it. */
async function runStackCommand(
  project: Project,
  command: BackupCommand,
  signal: AbortSignal,
  files: Pick<CliOptions, 'stdin' | 'stdout'>,
): Promise<Step> {
  const where = 'run' in command ? ['run', '--rm', '--no-deps', '-T', command.run] : ['exec', '-T', command.exec];
  const args = [...where, ...command.command];
  const { exitCode, stdout, stderr } = await project.compose(args, signal, files);
  const redirected = [files.stdin && '< backup', files.stdout && '> backup'].filter((part) => part !== undefined);
  return {
    command: ['docker compose', ...args.map(quoted), ...redirected].join(' '),
    exitCode,
    output: `${stdout}\n${stderr}`.trim().split('\n').slice(-OUTPUT_LINES).join('\n'),
  };
}

/** As a shell takes it. */
function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", String.raw`'\''`)}'`;
}

/** The container of the service whose folder is meant. */
async function containerOf(stack: RunningStack, command: BackupCommand): Promise<Dockerode.Container> {
  const service = 'run' in command ? command.run : command.exec;
  const found = await stack.container(service);
  if (!found) throw new Error(`The service "${service}" has no container.`);
  return stack.project.host.docker.getContainer(found.Id);
}

function inWords(files: readonly CarriedFile[]): string {
  const listed = files
    .slice(0, LISTED)
    .map(({ name, bytes, sha256: hash }) => `${name}: ${bytes} bytes, sha256 ${hash}`);
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const rest = files.length - listed.length;
  return [`${files.length} files, ${total} bytes`, ...listed, ...(rest > 0 ? [`and ${rest} more`] : [])].join('\n');
}
