import type { Hit, Rule } from '../rule.ts';
import { argvOf, milliseconds, type AuditedService, type Subject } from '../subject.ts';

const HALF_A_MINUTE = 30_000;
const SERVERS: ReadonlySet<string> = new Set(['postgres', 'mysql', 'mongodb']);

export const shortStopGrace: Rule = {
  id: 'short-stop-grace',
  hazard: '21',
  severity: 'warning',
  why: 'After 10 seconds Docker kills what has not stopped. A database that still writes out its memory then has to recover at its next start, and whatever was not on disk is gone.',
  fix: 'Set `stop_grace_period: 1m`, or longer for a large database.',
  check: ({ services, source }: Subject): Hit[] =>
    services
      .filter(({ known, model }) => {
        const grace = milliseconds(model['stop_grace_period']);
        return SERVERS.has(known?.engine ?? '') && (grace === null || grace < HALF_A_MINUTE);
      })
      .map(({ name, model }) => ({
        service: name,
        at: source.locate('services', name, 'stop_grace_period'),
        title: `${name} is killed ${(milliseconds(model['stop_grace_period']) ?? 10_000) / 1000} s after it was asked to stop.`,
      })),
};

export const signalNotPassedOn: Rule = {
  id: 'signal-not-passed-on',
  hazard: '22',
  severity: 'warning',
  why: 'A shell or a package manager is the first process and passes no signal on. The app never hears that it is to stop; it is killed after 10 seconds, with whatever it had not written yet.',
  fix: 'Start the program itself, in the list form: `CMD ["node", "server.js"]`; in a shell with `exec`; or set `init: true` where the program starts directly.',
  *check({ services, source }) {
    for (const service of services) {
      const { name, mounts, dockerfile, model } = service;
      if (!mounts.some(({ readOnly, layer }) => !readOnly && layer !== 'tmpfs')) continue;
      const first = firstProcess(service);
      const deaf = first && deafProgram(first, model['init'] === true);
      if (!deaf) continue;
      const own = argvOf(model, 'entrypoint') ? 'entrypoint' : argvOf(model, 'command') ? 'command' : null;
      const start = dockerfile?.entrypoint ?? dockerfile?.cmd;
      const at =
        own === null && dockerfile && start
          ? { file: dockerfile.file, line: start.line }
          : source.locate('services', name, own ?? 'command');
      yield { service: name, at, title: `${name} is started through \`${deaf}\`.` };
    }
  },
};

/** The argument vector of pid 1; `null` where the image's own is not known. */
function firstProcess({ model, image, dockerfile }: AuditedService): readonly string[] | null {
  const entrypoint = argvOf(model, 'entrypoint') ?? image?.entrypoint ?? null;
  const command = argvOf(model, 'command') ?? (argvOf(model, 'entrypoint') ? [] : (image?.cmd ?? null));
  // An entrypoint of the image that is not known most likely hands over to the command with `exec`.
  if (entrypoint === null && dockerfile === null && command === null) return null;
  return entrypoint && entrypoint.length > 0 ? entrypoint : command;
}

const MANAGERS: ReadonlySet<string> = new Set(['npm', 'yarn', 'pnpm', 'npx', 'bun', 'make', 'composer']);

function deafProgram(argv: readonly string[], init: boolean): string | null {
  const program = argv[0]?.split('/').at(-1) ?? '';
  if (MANAGERS.has(program)) return program;
  if (!/^(ba|da|a)?sh$/.test(program)) return null;
  const script = argv[argv.findIndex((word) => /^-\w*c$/.test(word)) + 1];
  if (script === undefined || script === argv[0] || init) return null;
  return /(^|[;&\n]\s*)exec\s/.test(script) ? null : `${program} -c`;
}
