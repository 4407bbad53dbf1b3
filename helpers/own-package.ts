import { readFileSync } from 'node:fs';

/** The package's own folder: one up in the repository, two up in the published package. */
function findPackage(): { root: URL; version: string } {
  for (const path of ['../', '../../']) {
    const root = new URL(path, import.meta.url);
    try {
      const { name, version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as Record<
        string,
        string
      >;
      if (name === 'outlast' && version !== undefined) return { root, version };
    } catch {
      // Not there: the next one.
    }
  }
  throw new Error('The package of Outlast is incomplete: its package.json is missing.');
}

export const { root: PACKAGE_ROOT, version: VERSION } = findPackage();
