import { styleText } from 'node:util';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { DISRUPTIONS } from '../disruptions/catalogue.ts';
import { CleanUpError, ERRORS, OutlastError } from '../errors.ts';
import { DEFAULTS, MOST } from '../scenario/defaults.ts';
import { VERSION } from '../own-package.ts';
import { AUDIT_FORMATS } from '../../reports/audit.ts';
import { type Format, FORMATS } from '../../reports/formats.ts';
import type { AuditOptions } from './audit.ts';
import type { GateOptions } from './gate.ts';
import type { InitOptions } from './init.ts';
import type { RunOptions } from './run.ts';

/**
 * The command line.
 * @returns the exit code: 0 accepted, 1 data lost or service failed, 2 usage or configuration, 3 inconclusive, 130 interrupted.
 */
export async function main(argv: readonly string[]): Promise<number> {
  const interrupt = new AbortController();
  const abort = (): void => interrupt.abort(new OutlastError('INTERRUPTED', 'Interrupted.'));
  // Not `once`: a listener that has gone by the time the others run lets them end the process.
  process.on('SIGINT', abort).on('SIGTERM', abort);
  let exitCode = 0;
  // A command loads what it needs, and nothing of the others.
  const program = new Command('outlast')
    .description('Proves whether the data of a Docker Compose stack outlives what will happen to it.')
    .version(VERSION)
    .exitOverride()
    // It is told as every other fault is.
    .configureOutput({ outputError: () => {} })
    .showHelpAfterError(false);

  startingStack(program.command('run', { isDefault: true }))
    .description('disrupt a copy of the stack and compare what it reads back with what was acknowledged')
    .option('--only <ids>', `only these disruptions: ${DISRUPTIONS.map((one) => one.id).join(', ')}`, list)
    .option('--skip <ids>', 'not these disruptions', list)
    .addOption(new Option('--strict', 'every disruption that the host and the configuration allow').conflicts('only'))
    .option('--store <ids>', 'only these stores', list)
    .option('--out <folder>', 'where the report goes', 'outlast-report')
    .option(
      '--markers <count>',
      'rows written to each store before each disruption',
      upTo(MOST.markers),
      DEFAULTS.markers,
    )
    .option('--seed <text>', 'makes the rows the same again', DEFAULTS.seed)
    .option('--baseline <file>', 'the report to compare with (default: the run before, out of the history)')
    .addOption(new Option('-q, --quiet', 'the verdict alone, without progress and matrix').conflicts('verbose'))
    .option('-v, --verbose', 'each step, what was done, and the counts of every store')
    .action(async (options: RunOptions) => {
      const { run } = await import('./run.ts');
      exitCode = await run(options, interrupt.signal);
    });

  startingStack(program.command('init'))
    .description('start the stack once and write an outlast.yaml that says where it keeps its data')
    .option('--force', 'overwrite the configuration that is there', false)
    .action(async (options: InitOptions) => {
      const { init } = await import('./init.ts');
      exitCode = await init(options, interrupt.signal);
    });

  program
    .command('report')
    .description('show the report of an earlier run in another format, on stdout')
    .argument('[folder]', 'where `outlast run` left its report', 'outlast-report')
    .addOption(new Option('--format <format>', 'the format').choices(Object.keys(FORMATS)).default('html'))
    .action(async (folder: string, options: { readonly format: Format }) => {
      const { report } = await import('./report.ts');
      exitCode = await report(folder, options);
    });

  readingStack(program.command('audit'))
    .description('say what the files of the stack tell of its data, without starting anything')
    .addOption(
      new Option('--format <format>', 'how the findings are printed').choices(AUDIT_FORMATS).default('terminal'),
    )
    .action(async (options: AuditOptions) => {
      const { audit } = await import('./audit.ts');
      exitCode = await audit(options, interrupt.signal);
    });

  readingStack(program.command('gate'))
    .description('say whether the stack may be deployed, by the report of a run')
    .argument('[folder]', 'where `outlast run` left its report', 'outlast-report')
    .action(async (folder: string, options: GateOptions) => {
      const { gate } = await import('./gate.ts');
      exitCode = await gate(folder, options);
    });

  program
    .command('clean')
    .description('remove whatever interrupted runs left behind')
    .action(async () => {
      const { clean } = await import('./clean.ts');
      exitCode = await clean(interrupt.signal);
    });

  try {
    await program.parseAsync(argv);
    return exitCode;
  } catch (error) {
    return explain(error, interrupt.signal);
  } finally {
    process.off('SIGINT', abort).off('SIGTERM', abort);
  }
}

/** Which stack. */
function readingStack(command: Command): Command {
  return command
    .option('-f, --file <file...>', 'Compose file', [])
    .option('--profile <name...>', 'Compose profile', [])
    .option('--env-file <file...>', 'environment file', [])
    .option('--config <file>', 'the configuration (default: outlast.yaml beside the Compose file)');
}

/** … and how it is started. */
function startingStack(command: Command): Command {
  return readingStack(command)
    .addOption(new Option('--host <kind>', 'where the stack runs').choices(['private', 'nested', 'ambient']))
    .addOption(
      new Option('--data <choice>', 'what writable folders of yours begin with')
        .choices(['empty', 'copy'])
        .default('empty'),
    )
    .option('--allow <key...>', 'let a refused key through', [])
    .option('--allow-egress <service...>', 'give a service a way out of the host', [])
    .option('--timeout <seconds>', 'how long services may take to become ready (default: 60)', upTo(MOST.timeout));
}

function list(text: string): string[] {
  return text.split(',').filter((part) => part !== '');
}

function upTo(most: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (!Number.isInteger(number) || number < 1 || number > most)
      throw new InvalidArgumentError(`It must be a whole number from 1 to ${most}.`);
    return number;
  };
}

/** One clear message on stderr. @returns the exit code */
function explain(thrown: unknown, signal: AbortSignal): number {
  // Help was asked for, or the version.
  if (thrown instanceof CommanderError && thrown.exitCode === 0) return 0;
  const { cause, cleanUp } = partsOf(thrown);
  const error = asOutlastError(signal.aborted ? signal.reason : cause);
  const { why, fix } = ERRORS[error.code];
  const lines = [`${styleText('red', error.code, { stream: process.stderr })}  ${error.message}`, `  ${why} ${fix}`];
  if (error.detail) lines.push('', ...error.detail.split('\n').map((line) => `  | ${line}`));
  if (cleanUp !== null) lines.push('', `Not everything could be cleaned up (run \`outlast clean\`): ${cleanUp}`);
  process.stderr.write(`${lines.join('\n')}\n`);
  return error.exitCode;
}

/** What went wrong first, and what the clean-up after it did not manage. */
function partsOf(thrown: unknown): { cause: unknown; cleanUp: string | null } {
  if (thrown instanceof SuppressedError) return { cause: thrown.suppressed, cleanUp: reasonOf(thrown.error) };
  return { cause: thrown, cleanUp: thrown instanceof CleanUpError ? reasonOf(thrown) : null };
}

function reasonOf(error: unknown): string {
  return error instanceof AggregateError ? error.errors.map(String).join('; ') : String(error);
}

/** SQLite says the last one where it cannot even make its shared memory. */
const DISK_FULL: ReadonlySet<string> = new Set(['ENOSPC', 'SQLITE_FULL', 'SQLITE_IOERR_SHMSIZE']);

function asOutlastError(thrown: unknown): OutlastError {
  if (thrown instanceof OutlastError) return thrown;
  if (thrown instanceof CommanderError) return new OutlastError('USAGE', thrown.message.replace(/^error: /, ''));
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  if (DISK_FULL.has((error as NodeJS.ErrnoException).code ?? ''))
    return new OutlastError('DISK_FULL', error.message, { cause: error });
  return new OutlastError('INTERNAL', error.message, { detail: error.stack, cause: error });
}
