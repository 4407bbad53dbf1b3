import { posix } from 'node:path';
import type { Hit } from '../rule.ts';
import type { ShellCommand } from '../shell.ts';
import { locationIn, type AuditedService, type Subject } from '../subject.ts';

/** Shell text that may take or restore a backup: a script of the repository, or what a service starts. */
export interface BackupScript {
  readonly name: string;
  readonly commands: readonly ShellCommand[];
  /** Absolute folders that it may begin in. */
  readonly folders: readonly string[];
  readonly hit: (command: ShellCommand, rest: Pick<Hit, 'title' | 'path'>) => Hit;
}

export function backupScriptsOf({ scripts, services, source, folder }: Subject): BackupScript[] {
  return [
    ...scripts.map((script): BackupScript => ({
      name: script.name,
      commands: script.commands,
      // It may be in an image, and run there.
      folders: [posix.dirname(script.file), folder, ...services.map(workdirOf)],
      hit: (command, rest) => ({
        at: locationIn(script, command),
        // What a document shows is run by whoever copies it.
        ...(script.kind === 'docs' ? { severity: 'warning' } : {}),
        ...rest,
      }),
    })),
    ...services.map((service): BackupScript => ({
      name: service.name,
      commands: service.commands,
      folders: [workdirOf(service)],
      hit: (_, rest) => ({
        service: service.name,
        at: source.locate('services', service.name, service.model['command'] ? 'command' : 'entrypoint'),
        ...rest,
      }),
    })),
  ];
}

function workdirOf({ model, image }: AuditedService): string {
  return (model['working_dir'] as string | undefined) ?? image?.workdir ?? '/';
}

/** Does a command before this one stop what writes? */
export function stopsBefore(commands: readonly ShellCommand[], index: number): boolean {
  return commands.slice(0, index).some(({ docker, argv }) => {
    if (docker) return ['stop', 'down', 'pause', 'kill'].includes(docker.verb);
    return argv[0] === 'systemctl' && argv.includes('stop');
  });
}

export function programOf(argv: readonly string[]): string {
  return argv[0]?.split('/').at(-1) ?? '';
}
