import { OutlastError } from '../../errors.ts';
import type { Toolchain } from './engine.ts';
import { findEngine } from './find-engine.ts';
import { isNewer } from './version-order.ts';

/** Debian releases with an engine of their own, oldest first; after them comes the newest engine of all. */
const SUITES = ['bookworm', 'trixie', undefined];

/** Engines of different versions that this machine can have, oldest first. */
export async function findEngineLadder(home: string, signal?: AbortSignal): Promise<Toolchain[]> {
  const ladder: Toolchain[] = [];
  for (const engineVersionFrom of SUITES) {
    const toolchain = await findEngine(home, { engineVersionFrom, signal }).catch((error: unknown) => {
      if (error instanceof OutlastError && error.code === 'ENGINE_UNAVAILABLE') return null;
      throw error;
    });
    const last = ladder.at(-1);
    if (toolchain && (!last || isNewer(toolchain.engine.version, last.engine.version))) ladder.push(toolchain);
  }
  return ladder;
}
