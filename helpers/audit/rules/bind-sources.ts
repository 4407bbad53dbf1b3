import { basename } from 'node:path';
import type { Hit, Rule } from '../rule.ts';
import { isDatabaseFile, type Subject } from '../subject.ts';

export const missingBindSource: Rule = {
  id: 'missing-bind-source',
  hazard: '13',
  severity: 'warning',
  why: 'Docker makes what is missing: a folder that belongs to root. A file comes out as a folder, and an app that is not root cannot write.',
  fix: 'Put the file or folder there before `up`, with the owner that the app has; or set `bind: { create_host_path: false }`, so that `up` fails in its place.',
  *check({ services, source, binds, folder }) {
    for (const { name, mounts, uid } of services) {
      for (const { layer, source: from, target, createHostPath } of mounts) {
        if (layer !== 'bind' || from === null || !createHostPath || binds.get(from) !== null) continue;
        // What lies elsewhere may be on the host that the stack is meant for.
        if (!from.startsWith(`${folder}/`)) continue;
        const isFile = /\.\w{1,8}$/.test(basename(from)) && /\.\w{1,8}$/.test(basename(target));
        if (!isFile && (uid === null || uid === 0)) continue;
        yield {
          service: name,
          at: source.locateMount(name, target),
          path: from,
          severity: isFile ? 'error' : 'warning',
          title: isFile
            ? `${name} mounts the file ${from}, which is not there: it would be made as a folder.`
            : `${name} runs as ${uid} and mounts ${from}, which is not there: it would be made for root.`,
        };
      }
    }
  },
};

export const singleFileBind: Rule = {
  id: 'single-file-bind',
  hazard: '36',
  severity: 'warning',
  why: 'A mount holds on to one file, not to its name. What replaces a file in one step, as editors and databases do, fails inside, or from outside leaves the container with the old one. A SQLite database has files beside it that are not mounted at all.',
  fix: 'Mount the folder that holds the file.',
  *check({ services, source, binds, tracked }) {
    for (const { name, mounts } of services) {
      for (const { layer, source: from, target, readOnly } of mounts) {
        if (layer !== 'bind' || from === null || readOnly || binds.get(from)?.kind !== 'file') continue;
        yield {
          service: name,
          at: source.locateMount(name, target),
          path: from,
          // What git tracks is configuration.
          severity: isDatabaseFile(from) ? 'error' : tracked?.has(from) === true ? 'info' : 'warning',
          title: `${name} mounts the single file ${from} for writing.`,
        };
      }
    }
  },
};

/** Variables in a text that have neither a default nor `:?`. */
function bareVariables(text: string): string[] {
  return [...text.matchAll(/(?<!\$)\$(?:\{(\w+)\}|(\w+))/g)].map(([, braced, plain]) => braced ?? plain ?? '');
}

export const unsetVariableInBind: Rule = {
  id: 'unset-variable-in-bind',
  hazard: '46',
  severity: 'warning',
  why: 'Where the variable is not set, Compose warns and takes nothing in its place: `${DATA}/db` becomes `/db`. The app starts on an empty folder, and the data stays in the other one.',
  fix: 'Write `${DATA:?}`, so that `up` fails without it, or give it a default: `${DATA:-./data}`.',
  *check({ services, source }: Subject): Iterable<Hit> {
    for (const { name, mounts } of services) {
      for (const { layer, source: from, target } of mounts) {
        const text = layer === 'bind' || layer === 'named-volume' ? source.mountText(name, target) : null;
        const written = text?.slice(0, text.endsWith(`:${target}`) ? -target.length - 1 : undefined) ?? '';
        const [variable] = bareVariables(written);
        if (variable === undefined) continue;
        const withoutIt = written.split(':')[0]?.replaceAll(/\$(?:\{\w+\}|\w+)/g, '');
        const unset = from === withoutIt;
        yield {
          service: name,
          at: source.locateMount(name, target),
          path: target,
          severity: unset ? 'error' : 'warning',
          title: `${name}: where ${target} lies depends on ${variable}, which ${unset ? 'is not set' : 'has no default'}.`,
        };
      }
    }
  },
};
