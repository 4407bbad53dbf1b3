import { basename } from 'node:path';
import { targetOf } from '../compose-source.ts';
import type { Rule } from '../rule.ts';

interface Written {
  readonly services?: Record<string, { readonly volumes?: readonly unknown[] } | null>;
}

export const mountInOtherFile: Rule = {
  id: 'mount-in-other-file',
  hazard: '37',
  severity: 'warning',
  why: 'Started without the other file, the service has no mount there: it writes into the container, and the data of before is out of sight.',
  fix: 'Keep the mounts of data in the file that is always used, or name all files in `COMPOSE_FILE` in the `.env`.',
  *check({ services, siblings, source }) {
    for (const { file, content } of siblings) {
      for (const [name, written] of Object.entries((content as Written | null | undefined)?.services ?? {})) {
        const service = services.find((each) => each.name === name);
        const targets = Array.isArray(written?.volumes) ? written.volumes.map(targetOf) : [];
        // A service that is alone with its image in one file is another one of the same name.
        if (!service) continue;
        for (const target of targets) {
          if (target === null || isCode(target) || service.mounts.some((mount) => mount.target === target)) continue;
          yield {
            service: name,
            at: source.locate('services', name),
            path: target,
            title: `${name} mounts ${target} in ${basename(file)} alone, which is not among the files used.`,
          };
        }
      }
    }
  },
};

/** Mounts for development bring code in, not data out. */
function isCode(target: string): boolean {
  return /\/(src|node_modules|app|code|workspace|public|docker-entrypoint-initdb\.d.*)$|\.\w+$|\.sock$/.test(target);
}
