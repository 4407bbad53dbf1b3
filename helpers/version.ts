import { readFileSync } from 'node:fs';

/** The nearest package.json above: one folder up in the repository, two in the published package. */
function readVersion(): string {
  for (const path of ['../package.json', '../../package.json']) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as Record<
        string,
        string
      >;
      if (name === 'outlast' && version !== undefined) return version;
    } catch {
      // Not there: the next one.
    }
  }
  throw new Error('The package of Outlast is incomplete: its package.json is missing.');
}

export const VERSION = readVersion();
