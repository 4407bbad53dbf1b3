import { posix } from 'node:path';
import { covers } from '../mounts.ts';
import type { ShellCommand } from '../shell.ts';
import type { Subject } from '../subject.ts';
import { programOf } from './backup-scripts.ts';

/** Does a path lie where a service keeps data? `unknown` for one that only the shell, or another machine, knows. */
export type Living = boolean | 'unknown';

/**
 * @param path as a command names it, on the host or in a container
 * @param bases absolute folders that a relative path may begin at; `null`: any
 */
export function livesAt({ services }: Subject, path: string, bases: readonly string[] | null): Living {
  if (/[$`]|^~|^[^/]+:/.test(path)) return 'unknown';
  if (bases === null && !posix.isAbsolute(path)) return 'unknown';
  const mounts = services.flatMap((service) => service.mounts);
  // A backup reads what another service writes.
  const written = mounts.filter(
    ({ source, readOnly }) => !readOnly || mounts.some((other) => other.source === source && !other.readOnly),
  );
  const roots = [
    ...written.flatMap(({ layer, source, target }) =>
      layer === 'bind' && source !== null ? [source, target] : [target],
    ),
    ...services.flatMap(({ places }) => places.map((place) => place.path)),
  ];
  return (bases ?? ['/']).some((base) => roots.some((root) => covers(root, posix.resolve(base, path))));
}

/** The folders that a script may be in after its commands, if it began in one of `bases`; `null`: any. */
export function foldersAfter(commands: readonly ShellCommand[], bases: readonly string[]): readonly string[] | null {
  return commands.reduce<readonly string[] | null>((folders, { argv }) => {
    if (programOf(argv) !== 'cd' && programOf(argv) !== 'pushd') return folders;
    const to = argv.slice(1).find((word) => !word.startsWith('-')) ?? '~';
    // By which a script goes to its own folder.
    if (/^\$\(dirname\b[^/]*\)$/.test(to)) return bases;
    if (/[$`]|^~/.test(to)) return null;
    return posix.isAbsolute(to) ? [to] : (folders?.map((folder) => posix.resolve(folder, to)) ?? null);
  }, bases);
}
