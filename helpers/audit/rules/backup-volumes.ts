import { posix } from 'node:path';
import type { DockerCommand } from '../docker-command.ts';
import { covers, placementIn } from '../mounts.ts';
import type { Rule } from '../rule.ts';
import { environmentOf, locationIn, type AuditedService, type Subject } from '../subject.ts';
import { programOf, stopsBefore } from './backup-scripts.ts';

/** Names or paths that `docker run` mounts. */
function mountedBy({ flags }: DockerCommand): string[] {
  return [...(flags.get('-v') ?? []), ...(flags.get('--volume') ?? [])].map((mount) => mount.split(':')[0] ?? '');
}

export const unprefixedVolume: Rule = {
  id: 'unprefixed-volume',
  hazard: '28',
  severity: 'error',
  why: 'Compose puts the name of the project before the names of its volumes. `docker run -v data:…` means another volume; Docker makes it, empty, and the backup holds nothing.',
  fix: 'Name the volume in full, or give it a fixed `name:` in the Compose file.',
  *check({ scripts, model }) {
    const names = new Set(Object.values(model.volumes ?? {}).map((volume) => volume?.name));
    for (const script of scripts) {
      for (const command of script.commands) {
        const { docker } = command;
        if (!docker || docker.compose || !['run', 'create'].includes(docker.verb)) continue;
        for (const name of mountedBy(docker)) {
          const volume = model.volumes?.[name];
          if (!volume || names.has(name)) continue;
          yield {
            at: locationIn(script, command),
            path: name,
            ...(script.kind === 'docs' ? { severity: 'warning' } : {}),
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
        const { docker, runs } = command;
        if (docker?.verb !== 'run' || !runs.some(copies) || stopsBefore(script.commands, index)) continue;
        const mounted = mountedBy(docker);
        const copied = databases.find(({ volume }) => mounted.includes(model.volumes?.[volume]?.name ?? volume));
        if (!copied) continue;
        yield {
          service: copied.service.name,
          at: locationIn(script, command),
          path: copied.volume,
          ...(script.kind === 'docs' ? { severity: 'warning' } : {}),
          title: `"${script.name}" copies the files of ${copied.service.name} while it runs.`,
        };
      }
    }
    for (const backup of services.filter(
      ({ reference }) => reference?.startsWith('offen/docker-volume-backup') === true,
    )) {
      for (const { service, volume } of databases) {
        const mount = backup.mounts.find(({ source: from }) => from === volume);
        if (!mount || isPrepared(service)) continue;
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

function copies(argv: readonly string[]): boolean {
  const [, first = ''] = argv;
  const extracts = /^-?\w*x/.test(first) || argv.includes('--extract');
  return programOf(argv) === 'tar' ? !extracts : ['cp', 'rsync'].includes(programOf(argv));
}

/** Labels by which offen/docker-volume-backup stops a service or runs a dump in it first: https://offen.github.io/docker-volume-backup/ */
function isPrepared({ model }: AuditedService): boolean {
  return Object.keys(model.labels ?? {}).some((label) =>
    /^docker-volume-backup\.(stop-during-backup|(archive|copy)-pre)/.test(label),
  );
}

function databaseVolumes({ known, places }: AuditedService): string[] {
  if (!known?.engine) return [];
  return places.flatMap(({ placement: { layer, mount } }) =>
    layer === 'named-volume' && mount?.source ? [mount.source] : [],
  );
}

const DESTINATION = /^(BACKUP_(DIR|PATH|FOLDER|DEST|DESTINATION|LOCATION|TARGET)|DB_DUMP_TARGET)$/;

export const backupBesideData: Rule = {
  id: 'backup-beside-data',
  hazard: '31',
  severity: 'error',
  why: 'The backups lie on the volume that they are to save. What takes the one takes the other: a `down -v`, a lost disk, a wrong `rm`.',
  fix: 'Write backups to another volume or folder, and carry a copy off the host.',
  *check(subject) {
    const { services, source } = subject;
    const data = services.flatMap((service) => service.places.map((place) => ({ service, ...place })));
    for (const service of services) {
      for (const folder of backupFolders(subject, service)) {
        const { mount, layer } = placementIn(service.mounts, service.image?.volumes ?? [], folder);
        if (!mount?.source) continue;
        const saved = data.find(
          ({ path, placement }) =>
            placement.mount?.source === mount.source && placement.layer === layer && !covers(folder, path),
        );
        if (!saved) continue;
        yield {
          service: service.name,
          at: source.locateMount(service.name, mount.target),
          path: posix.normalize(folder),
          title: `${service.name} writes its backups to ${folder}, on ${mount.source} with the data of ${saved.service.name}.`,
        };
      }
    }
  },
};

/** Where a service writes backups: by a variable with a telling name, or by outlast.yaml. */
function backupFolders({ backup }: Subject, { name, model }: AuditedService): Set<string> {
  const folders = Object.entries(environmentOf(model)).flatMap(([variable, value]) =>
    DESTINATION.test(variable) && value?.startsWith('/') === true ? [value] : [],
  );
  const take = backup?.take;
  const takenBy = take && ('run' in take ? take.run : take.exec);
  return new Set(backup?.folder !== undefined && takenBy === name ? [...folders, backup.folder] : folders);
}
