import type { Mount } from './mounts.ts';
import { isOneOff, type AuditedService, type BindFacts, type Subject } from './subject.ts';

export interface Unwritable {
  readonly mount: Mount;
  readonly facts: BindFacts;
}

/** Binds that a service mounts for writing and whose owner and mode do not let its user write. Pure. */
export function unwritableBy(subject: Subject, { mounts, uid, model }: AuditedService): Unwritable[] {
  if (uid === null || uid === 0) return [];
  const group = ((model['user'] as string | undefined) ?? '').split(':')[1];
  return mounts.flatMap((mount): Unwritable[] => {
    const facts =
      mount.layer === 'bind' && mount.source !== null && !mount.readOnly ? subject.binds.get(mount.source) : null;
    if (!facts || facts.uid === uid || (facts.mode & 0o002) !== 0) return [];
    if (String(facts.gid) === group && (facts.mode & 0o020) !== 0) return [];
    return isHandedOver(subject, mount.source) ? [] : [{ mount, facts }];
  });
}

/** Does a service that runs as root, and that others wait for, mount it before them? It is there to set owners right. */
function isHandedOver({ services, model }: Subject, bind: string | null): boolean {
  return services.some(
    ({ name, uid, mounts }) => uid === 0 && isOneOff(model, name) && mounts.some(({ source }) => source === bind),
  );
}
