import type { Rule } from '../rule.ts';
import type { ShellCommand } from '../shell.ts';
import { backupScriptsOf, programOf } from './backup-scripts.ts';

const DUMPERS: ReadonlySet<string> = new Set([
  'pg_dump',
  'pg_dumpall',
  'pg_basebackup',
  'mysqldump',
  'mariadb-dump',
  'mongodump',
]);

function isDump(argv: readonly string[]): boolean {
  return DUMPERS.has(programOf(argv)) || (programOf(argv) === 'sqlite3' && argv.includes('.dump'));
}

export const pipeWithoutPipefail: Rule = {
  id: 'pipe-without-pipefail',
  hazard: '27',
  severity: 'error',
  why: 'A pipe ends as its last command does. Where the dump fails half-way, the compressor is content, the script reports success, and the backup is empty or cut off.',
  fix: 'Begin the script with `set -euo pipefail`, write to a temporary name, and rename only after success.',
  *check(subject) {
    for (const { name, commands, hit } of backupScriptsOf(subject)) {
      for (const command of commands) {
        const dump = command.runs.find(isDump);
        if (command.pipefail || command === command.pipeline.at(-1) || !dump) continue;
        yield hit(command, { title: `"${name}" pipes ${dump[0]} on, and nothing looks at how it ends.` });
      }
    }
  },
};

export const ageBasedRetention: Rule = {
  id: 'age-based-retention',
  hazard: '30',
  severity: 'warning',
  why: 'Old backups go by their age alone. Once new ones fail to come, the last good one goes too, some days later.',
  fix: 'Remove old ones only after a new one was made and looked at, and keep a number of them whatever their age.',
  *check(subject) {
    for (const { name, commands, hit } of backupScriptsOf(subject)) {
      for (const command of commands) {
        // After `&&`, or in a script that ends at its first failure, a new one was made before.
        if (command.guarded || command.errexit || !removesByAge(command)) continue;
        if (![name, ...command.argv].some((word) => /backup|dump|archive|snapshot|\.sql|\.bak/i.test(word))) continue;
        yield hit(command, { title: `"${name}" removes backups by their age, whether or not a new one was made.` });
      }
    }
  },
};

function removesByAge({ runs, pipeline }: ShellCommand): boolean {
  const find = runs.find((argv) => programOf(argv) === 'find');
  if (!find?.some((word) => /^-(mtime|mmin|ctime|cmin)$/.test(word))) return false;
  const removesPiped = pipeline.some((command) => command.runs.some((argv) => programOf(argv) === 'rm'));
  return find.includes('-delete') || find.includes('rm') || removesPiped;
}
