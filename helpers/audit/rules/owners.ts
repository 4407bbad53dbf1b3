import type { Rule } from '../rule.ts';
import { isOneOff, type Subject } from '../subject.ts';

export const userCannotWrite: Rule = {
  id: 'user-cannot-write',
  hazard: '10',
  severity: 'warning',
  why: 'A bind keeps the owner that it has on the host. The user of the container may not write there: the app fails at its first write, or goes on in another place.',
  fix: "Hand the folder to the container's user (`chown`), or run the container as its owner with `user:`.",
  *check(subject) {
    const { services, source, binds } = subject;
    for (const { name, mounts, uid, model } of services) {
      if (uid === null || uid === 0) continue;
      const [, group] = String(model['user'] ?? '').split(':');
      for (const { layer, source: from, target, readOnly } of mounts) {
        const facts = layer === 'bind' && from !== null && !readOnly ? binds.get(from) : null;
        if (!facts || facts.uid === uid || isHandedOver(subject, from) || (facts.mode & 0o002) !== 0) continue;
        if (String(facts.gid) === group && (facts.mode & 0o020) !== 0) continue;
        yield {
          service: name,
          at: source.locateMount(name, target),
          path: from ?? target,
          title: `${name} runs as ${uid}, and ${from} belongs to ${facts.uid}.`,
        };
      }
    }
  },
};

/** Does a service that runs as root, and that others wait for, mount it before them? It is there to set owners right. */
function isHandedOver({ services, model }: Subject, bind: string | null): boolean {
  return services.some(
    ({ name, uid, mounts }) => uid === 0 && isOneOff(model, name) && mounts.some(({ source }) => source === bind),
  );
}
