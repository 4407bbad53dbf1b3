import { findGit } from '../host/engine/find-git.ts';
import { buildToolbox, type Toolbox } from './toolbox.ts';

/** The toolbox, of this machine's own programs. */
export async function ownToolbox(home: string, signal?: AbortSignal): Promise<Toolbox> {
  return buildToolbox({ home, git: (await findGit(home, signal)) ?? undefined });
}
