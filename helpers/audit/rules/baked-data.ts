import { relative } from 'node:path';
import type { Rule } from '../rule.ts';
import { commandsIn } from '../shell.ts';
import { isDatabaseFile } from '../subject.ts';

export const bakedDatabase: Rule = {
  id: 'baked-database',
  hazard: '50',
  severity: 'warning',
  why: 'A database is part of the image. Where no mount covers it, each rebuild goes back to the state of the build; on an empty named volume it shows up as old data that nobody put there.',
  fix: 'Keep it out of the image with a line in `.dockerignore`, and let the app make its database at its first start.',
  *check({ services }) {
    for (const { name, dockerfile, contextDatabases } of services) {
      if (!dockerfile) continue;
      for (const copy of dockerfile.copies.filter(({ from }) => from === null)) {
        const taken = contextDatabases.find((file) => copy.sources.some((source) => takes(source, file)));
        if (taken !== undefined)
          yield {
            service: name,
            at: { file: dockerfile.file, line: copy.line },
            path: taken,
            title: `${name}: ${taken} is copied into the image.`,
          };
      }
      for (const run of dockerfile.runs) {
        const made = commandsIn(run.text)
          .filter(({ argv }) => argv[0] !== 'rm')
          .flatMap(({ argv }) => argv.slice(1))
          .find((word) => isDatabaseFile(word) && !word.includes('*'));
        if (made !== undefined)
          yield {
            service: name,
            at: { file: dockerfile.file, line: run.line },
            path: made,
            title: `${name}: the build makes a database, ${made}.`,
          };
      }
    }
  },
};

/** Does a source of COPY take a file of the context along? */
function takes(source: string, file: string): boolean {
  const path = source.replace(/^\.?\/+/, '').replace(/\/+$/, '');
  if (path === '' || path === '.' || path === file || file.startsWith(`${path}/`)) return true;
  if (!/[*?]/.test(path)) return false;
  const pattern = path
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll('*', '[^/]*')
    .replaceAll('?', '[^/]');
  return new RegExp(`^${pattern}(/|$)`).test(file);
}

export const databaseInGit: Rule = {
  id: 'database-in-git',
  hazard: '50',
  severity: 'warning',
  why: 'Git writes the file of the last commit over the living one at each checkout, pull or reset, and its `-wal` stays beside it.',
  fix: 'Take it out of the index (`git rm --cached`), and list it in `.gitignore`.',
  *check({ services, tracked, source }) {
    if (tracked === null) return;
    const databases = [...tracked].filter(isDatabaseFile);
    for (const { name, mounts } of services) {
      for (const { layer, source: from, target, readOnly } of mounts) {
        if (layer !== 'bind' || from === null || readOnly) continue;
        const inside = databases.find((file) => file === from || file.startsWith(`${from}/`));
        if (inside !== undefined)
          yield {
            service: name,
            at: source.locateMount(name, target),
            path: inside,
            title: `${name} writes to ${from}, where git tracks ${relative(from, inside) || 'the database itself'}.`,
          };
      }
    }
  },
};
