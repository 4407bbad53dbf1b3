import type { Hit } from '../rule.ts';
import type { ShellCommand } from '../shell.ts';
import { locationIn, type Subject } from '../subject.ts';

/** Shell text that may take or restore a backup: a script of the repository, or what a service starts. */
export interface BackupScript {
  readonly name: string;
  readonly commands: readonly ShellCommand[];
  readonly hit: (command: ShellCommand, rest: Pick<Hit, 'title' | 'path'>) => Hit;
}

export function backupScriptsOf({ scripts, services, source }: Subject): BackupScript[] {
  return [
    ...scripts.map((script): BackupScript => ({
      name: script.name,
      commands: script.commands,
      hit: (command, rest) => ({
        at: locationIn(script, command),
        // What a document shows is run by whoever copies it.
        ...(script.kind === 'docs' ? { severity: 'warning' } : {}),
        ...rest,
      }),
    })),
    ...services.map(({ name, commands, model }): BackupScript => ({
      name,
      commands,
      hit: (_, rest) => ({
        service: name,
        at: source.locate('services', name, model['command'] ? 'command' : 'entrypoint'),
        ...rest,
      }),
    })),
  ];
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
