import { fingerprintOf, type Finding } from '../audit/finding.ts';
import type { LikelyBackup } from './discover-stores.ts';

export const LOOKS_LIKE_BACKUP = {
  id: 'looks-like-backup',
  hazard: null,
  severity: 'info',
  why: 'No process has this database open, and its name is that of a copy. The run writes nothing into it and follows it as a file of its folder alone: what a copy is worth, a restore shows.',
  fix: 'Nothing, if it is a backup; `backup` in outlast.yaml says how it is restored. If the app keeps its data there, name it under `stores`.',
} as const;

/** Tells of a database that is left out. Pure. */
export function looksLikeBackup({ service, path }: LikelyBackup): Finding {
  const { id, hazard, severity, why, fix } = LOOKS_LIKE_BACKUP;
  return {
    rule: id,
    hazard,
    severity,
    service,
    file: null,
    line: null,
    path,
    title: `${path} looks like a backup of a database, and is no store.`,
    why,
    fix,
    excerpt: null,
    fingerprint: fingerprintOf(id, service, path),
  };
}
