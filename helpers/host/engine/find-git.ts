import { packagedImageTools } from './packaged.ts';
import { findProgram, pathFolders } from './programs.ts';

/** A git that runs here; `libraryPath` where it needs one. */
export interface Git {
  readonly path: string;
  readonly libraryPath?: string;
}

/** The machine's own git where there is one, else that of packages. */
export async function findGit(home: string, signal?: AbortSignal): Promise<Git | null> {
  const path = await findProgram('git', pathFolders(process.env));
  if (path !== null) return { path };
  const tools = await packagedImageTools(home, signal);
  return tools ? { path: tools.git, libraryPath: tools.libraries.join(':') } : null;
}
