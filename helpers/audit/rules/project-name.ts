import { basename } from 'node:path';
import type { Location } from '../finding.ts';
import { volumesNamedAfterFolder } from '../folder-name.ts';
import type { Hit, Rule } from '../rule.ts';
import type { Subject } from '../subject.ts';

function unnamed(subject: Subject): Location | null {
  if (volumesNamedAfterFolder(subject).length === 0) return null;
  return subject.source.locate('volumes') ?? subject.source.locate('services');
}

export const unnamedProject: Rule = {
  id: 'unnamed-project',
  hazard: '7',
  severity: 'warning',
  why: 'The names of the volumes begin with the name of the folder. In a folder of another name, a second checkout or after a move, `up` makes new, empty volumes; the old data is on disk and not found.',
  fix: 'Give the project a name: `name: shop` at the top of the file.',
  check(subject: Subject): Hit[] {
    const at = unnamed(subject);
    return at === null
      ? []
      : [
          {
            at,
            title: `The project is named after its folder, and so are its volumes: ${volumesNamedAfterFolder(subject).join(', ')}.`,
          },
        ];
  },
};

const GENERIC: ReadonlySet<string> = new Set(
  'app api backend frontend server web site src code docker compose deploy deployment infra prod production staging project stack services'.split(
    ' ',
  ),
);

export const genericProjectName: Rule = {
  id: 'generic-project-name',
  hazard: '34',
  severity: 'warning',
  why: 'Another project on the same host that is called the same shares its volumes: it reads and writes this data, and its `down -v` removes it.',
  fix: 'Take a name that nothing else on the host has, for the project and for every volume with a fixed name.',
  *check(subject: Subject) {
    const { folder, model, source } = subject;
    const at = unnamed(subject);
    if (at !== null && GENERIC.has(basename(folder).toLowerCase()))
      yield { at, title: `The project is named after its folder, and many are called "${basename(folder)}".` };
    for (const [key, volume] of Object.entries(model.volumes ?? {})) {
      const named = source.find(['volumes', key, 'name']);
      if (
        !named ||
        volume?.external === true ||
        !/^(data|db|database|postgres|mysql|redis|app|storage|uploads|pgdata)([-_](data|db))?$/.test(volume?.name ?? '')
      )
        continue;
      yield {
        at: named.location,
        path: volume?.name ?? key,
        title: `The volume ${key} is called "${volume?.name}" on the whole host.`,
      };
    }
  },
};

export const normalisedProjectName: Rule = {
  id: 'normalised-project-name',
  hazard: '45',
  severity: 'info',
  why: 'The name of the folder holds characters that versions of Compose have turned into a project name in different ways. Under another version the same folder may get other, empty volumes.',
  fix: 'Give the project a name: `name: shop` at the top of the file.',
  check(subject: Subject): Hit[] {
    const at = unnamed(subject);
    const name = basename(subject.folder);
    return at === null || /^[a-z0-9]+$/.test(name)
      ? []
      : [{ at, title: `The folder is called ${JSON.stringify(name)}, and the project "${subject.model.name}".` }];
  },
};
