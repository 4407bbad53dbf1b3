import type { Rule } from '../rule.ts';
import { unwritableBy } from '../owners.ts';

export const userCannotWrite: Rule = {
  id: 'user-cannot-write',
  hazard: '10',
  severity: 'warning',
  why: 'A bind keeps the owner that it has on the host. The user of the container may not write there: the app fails at its first write, or goes on in another place.',
  fix: "Hand the folder to the container's user (`chown`), or run the container as its owner with `user:`.",
  *check(subject) {
    for (const service of subject.services) {
      for (const { mount, facts } of unwritableBy(subject, service)) {
        yield {
          service: service.name,
          at: subject.source.locateMount(service.name, mount.target),
          path: mount.source ?? mount.target,
          title: `${service.name} runs as ${service.uid}, and ${mount.source} belongs to ${facts.uid}.`,
        };
      }
    }
  },
};
