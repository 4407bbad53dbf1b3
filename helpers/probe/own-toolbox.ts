import { findGit } from '../host/engine/find-git.ts';
import { buildToolbox, type HeldToolbox } from './toolbox.ts';

/** The toolbox, of this machine's own programs. */
export async function ownToolbox(home: string, signal?: AbortSignal): Promise<HeldToolbox> {
  return buildToolbox({ home, git: (await findGit(home, signal)) ?? undefined, signal });
}
