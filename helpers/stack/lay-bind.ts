import type { HostFiles } from '../host/files/host-files.ts';
import type { ShadowBind } from './shadow.ts';

/**
 * Makes the shadow's own copy of a bind source. The original is only read.
 * A read-only bind and a single file are copied; any other folder begins with what git tracks in it, or with all of it where `whole` says so.
 */
export async function layBind(files: HostFiles, bind: ShadowBind, whole: boolean): Promise<void> {
  // Absent: the engine makes the source itself, as it would for the user.
  if (bind.kind === 'absent' || bind.kind === 'machine') return;
  const all = bind.kind === 'file' || bind.readOnly || whole;
  await files.copy(bind.original, bind.source, all ? undefined : bind.tracked);
}
