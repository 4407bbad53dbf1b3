import { posix } from 'node:path';
import { covers, placementIn } from '../mounts.ts';
import type { Rule } from '../rule.ts';
import type { ShellCommand } from '../shell.ts';
import { environmentOf, isDatabaseFile, locationIn, type AuditedService, type Subject } from '../subject.ts';
import type { Location } from '../finding.ts';

/** Shell text of the repository and of the services, each command with its line. */
function* scriptsOf(subject: Subject): Generator<{
  name: string;
  commands: readonly ShellCommand[];
  at: (command: ShellCommand) => Location | null;
  service?: string;
}> {
  for (const script of subject.scripts)
    yield { name: script.name, commands: script.commands, at: (command) => locationIn(script, command) };
  for (const { name, commands, model } of subject.services) {
    const key = model['command'] ? 'command' : 'entrypoint';
    yield { name, service: name, commands, at: () => subject.source.locate('services', name, key) };
  }
}

/** Does a command before this one stop what writes? */
function stopsBefore(commands: readonly ShellCommand[], index: number): boolean {
  return commands.slice(0, index).some(({ docker, argv }) => {
    if (docker) return ['stop', 'down', 'pause', 'kill'].includes(docker.verb);
    return argv[0] === 'systemctl' && argv.includes('stop');
  });
}

const COPIERS: ReadonlySet<string> = new Set(['cp', 'rsync', 'scp', 'tar', 'gzip', 'zip', 'zstd', 'rclone', 'install']);

function copierOf(command: ShellCommand): readonly string[] | null {
  return command.runs.find(([program]) => COPIERS.has(program?.split('/').at(-1) ?? '')) ?? null;
}

function words(argv: readonly string[]): readonly string[] {
  return argv.slice(1).filter((word) => !word.startsWith('-'));
}

function looksLikeBackup(path: string): boolean {
  return /backup|dump|snapshot|\.bak|\.(gz|zst)$/i.test(path);
}

/** Is it a restore: does it copy over a living database? */
function restoreTarget(argv: readonly string[], name: string): string | null {
  const operands = words(argv);
  const target = operands.at(-1);
  if (!['cp', 'rsync', 'scp', 'install'].includes(argv[0] ?? '') || target === undefined || !isDatabaseFile(target))
    return null;
  const fromBackup = operands.slice(0, -1).some(looksLikeBackup);
  return !looksLikeBackup(target) && (fromBackup || /restore/i.test(name)) ? target : null;
}

export const copiesLivingDatabase: Rule = {
  id: 'copies-living-database',
  hazard: '25',
  severity: 'error',
  why: 'What was written last lies in the `-wal` file beside the database. A copy without it lacks those rows, and every integrity check says that it is sound.',
  fix: 'Let SQLite make the copy: `sqlite3 app.db "VACUUM INTO \'/backups/app.db\'"`, or stop the app first and copy the `-wal` along.',
  *check(subject) {
    for (const { name, commands, at, service } of scriptsOf(subject)) {
      for (const [index, command] of commands.entries()) {
        const argv = copierOf(command);
        if (!argv || stopsBefore(commands, index) || restoreTarget(argv, name) !== null) continue;
        const operands = words(argv);
        const sources = ['cp', 'rsync', 'scp', 'install', 'rclone'].includes(argv[0] ?? '')
          ? operands.slice(0, -1)
          : operands;
        const database = sources.find((path) => isDatabaseFile(path) && !/backup|snapshot|\.bak|tmp/i.test(path));
        const all = commands.flatMap((each) => each.argv).join(' ');
        if (
          database === undefined ||
          all.includes(`${database}-wal`) ||
          madeByItself(commands.slice(0, index), database)
        )
          continue;
        yield {
          ...(service === undefined ? {} : { service }),
          at: at(command),
          path: database,
          title: `"${name}" copies ${database} with \`${argv[0]}\` while the app may write to it.`,
        };
      }
    }
  },
};

/** Was the file written by SQLite's own backup a moment before? */
function madeByItself(before: readonly ShellCommand[], file: string): boolean {
  return before.some(({ runs }) =>
    runs.some((argv) => argv[0]?.endsWith('sqlite3') === true && argv.slice(2).some((word) => word.includes(file))),
  );
}

export const restoreKeepsSidecars: Rule = {
  id: 'restore-keeps-sidecars',
  hazard: '26',
  severity: 'error',
  why: 'The `-wal` of the old database stays beside the restored one. SQLite plays it back into it: rows from after the backup return, or the database is corrupt.',
  fix: 'Stop the app, and remove `-wal`, `-shm` and `-journal` before the copy.',
  *check(subject) {
    for (const { name, commands, at, service } of scriptsOf(subject)) {
      const removes = commands.some(({ runs }) =>
        runs.some((argv) => argv[0] === 'rm' && argv.some((word) => /-wal\b|\*$|\{.*wal/.test(word))),
      );
      if (removes) continue;
      for (const command of commands) {
        const target = command.runs.map((argv) => restoreTarget(argv, name)).find((one) => one !== null);
        if (target === undefined || target === null) continue;
        yield {
          ...(service === undefined ? {} : { service }),
          at: at(command),
          path: target,
          title: `"${name}" copies a backup over ${target} and leaves the old \`-wal\` beside it.`,
        };
      }
    }
  },
};

const DUMPERS: ReadonlySet<string> = new Set([
  'pg_dump',
  'pg_dumpall',
  'pg_basebackup',
  'mysqldump',
  'mariadb-dump',
  'mongodump',
  'influxd',
  'etcdctl',
]);

function isDump(argv: readonly string[]): boolean {
  const program = argv[0]?.split('/').at(-1) ?? '';
  return DUMPERS.has(program) || (program === 'sqlite3' && argv.includes('.dump'));
}

export const pipeWithoutPipefail: Rule = {
  id: 'pipe-without-pipefail',
  hazard: '27',
  severity: 'error',
  why: 'A pipe ends as its last command does. Where the dump fails half-way, the compressor is content, the script reports success, and the backup is empty or cut off.',
  fix: 'Begin the script with `set -euo pipefail`, write to a temporary name, and rename only after success.',
  *check(subject) {
    for (const { name, commands, at, service } of scriptsOf(subject)) {
      for (const command of commands) {
        const last = command.pipeline.at(-1);
        if (command.pipefail || command === last || !command.runs.some(isDump)) continue;
        const dump = command.runs.find(isDump)?.[0];
        yield {
          ...(service === undefined ? {} : { service }),
          at: at(command),
          title: `"${name}" pipes ${dump} on, and nothing looks at how it ends.`,
        };
      }
    }
  },
};

export const unprefixedVolume: Rule = {
  id: 'unprefixed-volume',
  hazard: '28',
  severity: 'error',
  why: 'Compose puts the name of the project before the names of its volumes. `docker run -v data:…` means another volume; Docker makes it, empty, and the backup holds nothing.',
  fix: 'Name the volume in full, or give it a fixed `name:` in the Compose file.',
  *check({ scripts, model }) {
    for (const script of scripts) {
      for (const command of script.commands) {
        const docker = command.docker;
        if (!docker || docker.compose || !['run', 'create'].includes(docker.verb)) continue;
        for (const mount of [...(docker.flags.get('-v') ?? []), ...(docker.flags.get('--volume') ?? [])]) {
          const name = mount.split(':')[0] ?? '';
          const volume = model.volumes?.[name];
          if (
            !volume ||
            volume.name === name ||
            Object.values(model.volumes ?? {}).some((other) => other?.name === name)
          )
            continue;
          yield {
            at: locationIn(script, command),
            path: name,
            title: `"${script.name}" mounts ${name}, and the volume of the stack is called ${volume.name}.`,
          };
        }
      }
    }
  },
};

export const tarOfRunningDatabase: Rule = {
  id: 'tar-of-running-database',
  hazard: '29',
  severity: 'error',
  why: 'The files change while they are read, so that no two of them are of one moment. The server does not start on such a copy, or starts with rows missing.',
  fix: "Use the server's own dump, or stop it for the time of the copy.",
  *check(subject) {
    const { scripts, services, model, source } = subject;
    const databases = services.flatMap((service) => databaseVolumes(service).map((volume) => ({ service, volume })));
    for (const script of scripts) {
      for (const [index, command] of script.commands.entries()) {
        const { docker } = command;
        const copies =
          docker?.verb === 'run' &&
          command.runs.some(([program]) => program === 'tar' || program === 'cp' || program === 'rsync');
        if (!copies || stopsBefore(script.commands, index) || command.runs.some(extracts)) continue;
        const mounted = [...(docker.flags.get('-v') ?? []), ...(docker.flags.get('--volume') ?? [])].map(
          (mount) => mount.split(':')[0],
        );
        const hit = databases.find(({ volume }) => mounted.includes(model.volumes?.[volume]?.name ?? volume));
        if (hit)
          yield {
            service: hit.service.name,
            at: locationIn(script, command),
            path: hit.volume,
            title: `"${script.name}" copies the files of ${hit.service.name} while it runs.`,
          };
      }
    }
    for (const backup of services.filter(
      ({ reference }) => reference?.startsWith('offen/docker-volume-backup') === true,
    )) {
      for (const { service, volume } of databases) {
        const stops =
          service.model.labels?.['docker-volume-backup.stop-during-backup'] !== undefined ||
          Object.keys(service.model.labels ?? {}).some(
            (label) =>
              label.startsWith('docker-volume-backup.archive-pre') || label.startsWith('docker-volume-backup.exec-pre'),
          );
        const mount = backup.mounts.find(({ source: from }) => from === volume);
        if (mount && !stops)
          yield {
            service: service.name,
            at: source.locateMount(backup.name, mount.target),
            path: volume,
            title: `${backup.name} copies the files of ${service.name} while it runs.`,
          };
      }
    }
  },
};

function extracts([program, ...args]: readonly string[]): boolean {
  return program === 'tar' && args.some((arg, index) => (index === 0 && /^-?\w*x/.test(arg)) || arg === '--extract');
}

function databaseVolumes({ known, places }: AuditedService): string[] {
  if (known?.engine === null || known === null) return [];
  return places.flatMap(({ placement: { layer, mount } }) =>
    layer === 'named-volume' && mount?.source ? [mount.source] : [],
  );
}

export const ageBasedRetention: Rule = {
  id: 'age-based-retention',
  hazard: '30',
  severity: 'warning',
  why: 'Old backups go by their age alone. Once new ones fail to come, the last good one goes too, some days later.',
  fix: 'Remove old ones only after a new one was made and looked at, and keep a number of them whatever their age.',
  *check(subject) {
    for (const { name, commands, at, service } of scriptsOf(subject)) {
      for (const command of commands) {
        const find = command.runs.find(([program]) => program === 'find');
        const aged = find?.some((word) => /^-(mtime|mmin|ctime|cmin)$/.test(word)) ?? false;
        const deletes =
          (find?.includes('-delete') ?? false) ||
          (find?.includes('rm') ?? false) ||
          command.pipeline.some(({ runs }) => runs.some(([program]) => program === 'rm'));
        if (!find || !aged || !deletes || command.guarded || command.errexit) continue;
        if (!/backup|dump|archive|snapshot|\.sql|\.bak/i.test([...find, name].join(' '))) continue;
        yield {
          ...(service === undefined ? {} : { service }),
          at: at(command),
          title: `"${name}" removes backups by their age, whether or not a new one was made.`,
        };
      }
    }
  },
};

const DESTINATION = /^(BACKUP_(DIR|PATH|FOLDER|DEST|DESTINATION|LOCATION|TARGET)|DB_DUMP_TARGET)$/;

export const backupBesideData: Rule = {
  id: 'backup-beside-data',
  hazard: '31',
  severity: 'error',
  why: 'The backups lie on the volume that they are to save. What takes the one takes the other: a `down -v`, a lost disk, a wrong `rm`.',
  fix: 'Write backups to another volume or folder, and carry a copy off the host.',
  *check({ services, source, backup }) {
    const data = services.flatMap((service) =>
      service.places.map(({ path, placement }) => ({ service, path, placement })),
    );
    for (const { name, model, mounts, image } of services) {
      const folders = Object.entries(environmentOf(model)).flatMap(([variable, value]) =>
        DESTINATION.test(variable) && value?.startsWith('/') === true ? [value] : [],
      );
      const take = backup?.take;
      if (backup?.folder !== undefined && take && ('run' in take ? take.run : take.exec) === name)
        folders.push(backup.folder);
      for (const folder of new Set(folders)) {
        const lies = placementIn(mounts, image?.volumes ?? [], folder);
        const { mount } = lies;
        if (!mount?.source) continue;
        const saved = data.find(
          ({ path, placement }) =>
            placement.mount?.source === mount.source && placement.layer === mount.layer && !covers(folder, path),
        );
        if (saved)
          yield {
            service: name,
            at: source.locateMount(name, mount.target),
            path: posix.normalize(folder),
            title: `${name} writes its backups to ${folder}, on ${mount.source} with the data of ${saved.service.name}.`,
          };
      }
    }
  },
};
