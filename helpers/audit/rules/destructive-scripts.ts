import { hasFlag, type DockerCommand } from '../docker-command.ts';
import type { Severity } from '../finding.ts';
import type { Rule } from '../rule.ts';
import { locationIn, type AuditedScript, type Subject } from '../subject.ts';
import type { ShellCommand } from '../shell.ts';

/** Who calls a script like that wants the data gone. */
const SAYS_SO =
  /clean|clear|reset|destroy|purge|wipe|nuke|fresh|teardown|uninstall|remove|test|e2e|^ci\b|rebuild-all|drop/i;

/** Worse where the name of the script does not say what it does to the data. */
function severityIn({ kind, name }: AuditedScript): Severity {
  if (kind === 'docs' || kind === 'ci') return 'warning';
  return SAYS_SO.test(name) ? 'info' : 'error';
}

function* dockerCommands({ scripts }: Subject): Generator<[AuditedScript, ShellCommand, DockerCommand]> {
  for (const script of scripts) {
    for (const command of script.commands) if (command.docker) yield [script, command, command.docker];
  }
}

export const downVolumesInScript: Rule = {
  id: 'down-volumes-in-script',
  hazard: '8',
  severity: 'error',
  why: '`down -v` removes every named volume of the project with all its data. Nothing asks before, and nothing brings it back.',
  fix: 'Leave `-v` out of what is run day by day; keep it for a script that says in its name that it destroys.',
  *check(subject) {
    for (const [script, command, docker] of dockerCommands(subject)) {
      const removes =
        (docker.compose && docker.verb === 'down' && hasFlag(docker, '-v', '--volumes')) ||
        (docker.verb === 'volume rm' && docker.operands.some((name) => isVolumeOf(subject, name)));
      if (!removes) continue;
      yield {
        at: locationIn(script, command),
        severity: severityIn(script),
        title: `"${script.name}" removes the volumes of the stack.`,
      };
    }
  },
};

function isVolumeOf({ model }: Subject, name: string): boolean {
  return Object.values(model.volumes ?? {}).some((volume) => volume?.name === name);
}

export const pruneInScript: Rule = {
  id: 'prune-in-script',
  hazard: '16',
  severity: 'warning',
  why: 'A prune takes every volume that no container holds at that moment. A stack that is down then loses them: before engine 23 all of them, since then those without a name, and with `--all` the named ones too.',
  fix: 'Prune images and build caches alone: `docker image prune`, `docker builder prune`.',
  *check(subject) {
    for (const [script, command, docker] of dockerCommands(subject)) {
      const volumes =
        docker.verb === 'volume prune' || (docker.verb === 'system prune' && hasFlag(docker, '--volumes'));
      if (!volumes) continue;
      const named = docker.verb === 'volume prune' && hasFlag(docker, '-a', '--all');
      yield {
        at: locationIn(script, command),
        severity: named ? severityIn(script) : 'warning',
        title: `"${script.name}" prunes volumes${named ? ', named ones too' : ''}.`,
      };
    }
  },
};

export const assumeYes: Rule = {
  id: 'assume-yes',
  hazard: '32',
  severity: 'error',
  why: 'Compose asks before it removes a volume whose definition has changed. With `-y` nobody is asked: one new label in the file, and the volume is made anew, empty.',
  fix: 'Leave `-y` out of `up` and `create`.',
  *check(subject) {
    for (const [script, command, docker] of dockerCommands(subject)) {
      if (!docker.compose || !['up', 'create', 'run'].includes(docker.verb) || !hasFlag(docker, '-y', '--yes'))
        continue;
      yield {
        at: locationIn(script, command),
        title: `"${script.name}" answers yes to whatever \`${docker.verb}\` asks.`,
      };
    }
  },
};

export const wipedBind: Rule = {
  id: 'wiped-bind',
  hazard: '17',
  severity: 'error',
  why: 'The data lies in a folder below the checkout, and a script cleans the checkout. What git does not track there is removed, the data with it.',
  fix: 'Use a named volume, or a bind by an absolute path outside of the checkout.',
  *check(subject) {
    const inside = subject.services.flatMap(({ mounts }) =>
      mounts.flatMap(({ layer, source, readOnly }) =>
        layer === 'bind' && !readOnly && source?.startsWith(`${subject.folder}/`) === true ? [source] : [],
      ),
    );
    if (inside.length === 0) return;
    for (const script of subject.scripts) {
      for (const command of script.commands) {
        const [program, ...args] = command.runs[0] ?? [];
        const cleans = program === 'git' && args.includes('clean') && args.some((arg) => /^-\w*[xX]/.test(arg));
        if (cleans)
          yield {
            at: locationIn(script, command),
            path: inside[0] ?? '',
            title: `"${script.name}" cleans the checkout, and the data lies in ${inside[0]}.`,
          };
      }
    }
  },
};
