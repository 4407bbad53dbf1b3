import { posix } from 'node:path';
import type { Rule } from '../rule.ts';
import { SHELLS, type ShellCommand } from '../shell.ts';
import { isDatabaseFile } from '../subject.ts';
import { backupScriptsOf, programOf, stopsBefore, type BackupScript } from './backup-scripts.ts';
import { foldersAfter, livesAt } from './living-places.ts';

/** Programs whose last operand is where the copy goes. */
const TO_LAST: ReadonlySet<string> = new Set(['cp', 'rsync', 'scp', 'install', 'rclone']);
const PACKERS: ReadonlySet<string> = new Set(['tar', 'gzip', 'zip', 'zstd', 'xz']);

interface Copy {
  readonly argv: readonly string[];
  readonly program: string;
  readonly sources: readonly string[];
  /** `null`: an archive. */
  readonly target: string | null;
  /** The folder that its sources begin at, where it names one. */
  readonly folder: string | null;
}

function copyOf({ runs, docker }: ShellCommand): Copy | null {
  if (docker?.verb === 'cp') {
    const [source = '', target = ''] = docker.operands.map((operand) => operand.replace(/^[^/]*:/, ''));
    return { argv: docker.operands, program: 'docker cp', sources: [source], target, folder: null };
  }
  // What a shell within it runs are commands of their own.
  if (runs.some((argv) => SHELLS.has(programOf(argv)))) return null;
  const argv = runs.find((one) => TO_LAST.has(programOf(one)) || PACKERS.has(programOf(one)));
  if (!argv) return null;
  const at = argv.findIndex((word) => word === '-C' || word === '--directory');
  const folder = at < 0 ? null : (argv[at + 1] ?? null);
  const operands = argv.slice(1).filter((word, index) => !word.startsWith('-') && index !== at);
  return TO_LAST.has(programOf(argv))
    ? { argv, program: programOf(argv), sources: operands.slice(0, -1), target: operands.at(-1) ?? null, folder: null }
    : { argv, program: programOf(argv), sources: operands, target: null, folder };
}

function isOfBackup(text: string): boolean {
  return /backup|dump|snapshot|archive|\.bak|\.(gz|zst|tgz)$/i.test(text);
}

/** The living database that a copy of a backup would overwrite. */
function overwritten({ sources, target }: Copy, script: string): string | null {
  if (target === null || !isDatabaseFile(target) || isOfBackup(target)) return null;
  return sources.some(isOfBackup) || /restore/i.test(script) ? target : null;
}

export const copiesLivingDatabase: Rule = {
  id: 'copies-living-database',
  hazard: '25',
  severity: 'error',
  why: 'What was written last lies in the `-wal` file beside the database. A copy without it lacks those rows, and every integrity check says that it is sound.',
  fix: 'Let SQLite make the copy: `sqlite3 app.db "VACUUM INTO \'/backups/app.db\'"`, or stop the app first and copy the `-wal` along.',
  *check(subject) {
    for (const script of backupScriptsOf(subject)) {
      const { name, commands, hit } = script;
      for (const [index, command] of commands.entries()) {
        const copy = copyOf(command);
        if (!copy || overwritten(copy, name) !== null || stopsBefore(commands, index)) continue;
        const database = copy.sources.find((path) => isDatabaseFile(path) && !isOfBackup(path));
        // Not every copy of such a file is a backup: a test has its own.
        const backsUp = [name, ...copy.argv].some(isOfBackup);
        if (database === undefined || !backsUp || isWhole(commands.slice(0, index), commands, database)) continue;
        if (livesAt(subject, database, foldersOf(copy, script, index)) === false) continue;
        yield hit(command, {
          path: database,
          title: `"${name}" copies ${database} with \`${copy.program}\` while the app may write to it.`,
        });
      }
    }
  },
};

/** Where the sources of a copy may begin. */
function foldersOf({ folder }: Copy, { commands, folders }: BackupScript, index: number): readonly string[] | null {
  const at = foldersAfter(commands.slice(0, index), folders);
  return folder === null
    ? at
    : posix.isAbsolute(folder)
      ? [folder]
      : (at?.map((each) => posix.resolve(each, folder)) ?? null);
}

/** Is the `-wal` copied too, or was the file made by SQLite's own backup a moment before? */
function isWhole(before: readonly ShellCommand[], all: readonly ShellCommand[], file: string): boolean {
  const madeBySqlite = before.some(({ runs }) =>
    runs.some((argv) => programOf(argv) === 'sqlite3' && argv.slice(2).some((word) => word.includes(file))),
  );
  return madeBySqlite || all.some(({ argv }) => argv.some((word) => word.includes(`${file}-wal`)));
}

export const restoreKeepsSidecars: Rule = {
  id: 'restore-keeps-sidecars',
  hazard: '26',
  severity: 'error',
  why: 'The `-wal` of the old database stays beside the restored one. SQLite plays it back into it: rows from after the backup return, or the database is corrupt.',
  fix: 'Stop the app, and remove `-wal`, `-shm` and `-journal` before the copy.',
  *check(subject) {
    for (const { name, commands, hit } of backupScriptsOf(subject)) {
      if (commands.some(removesSidecars)) continue;
      for (const command of commands) {
        const copy = copyOf(command);
        const target = copy && overwritten(copy, name);
        if (!target) continue;
        yield hit(command, {
          path: target,
          title: `"${name}" copies a backup over ${target} and leaves the old \`-wal\` beside it.`,
        });
      }
    }
  },
};

function removesSidecars({ runs }: ShellCommand): boolean {
  return runs.some((argv) => programOf(argv) === 'rm' && argv.some((word) => /-wal\b|\*$|\{.*wal/.test(word)));
}
