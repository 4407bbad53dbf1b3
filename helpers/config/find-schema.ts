import { access } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

/** Where the package keeps the schema of the configuration. */
const IN_PACKAGE = 'node_modules/outlast/helpers/config/outlast.schema.json';

/**
 * The schema by which an editor checks a configuration, in the package as the project has it installed.
 * @returns its path from the folder of `file`, or `null` where no folder above has the package
 */
export async function findSchema(file: string): Promise<string | null> {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const path = join(folder, IN_PACKAGE);
    const found = await access(path).then(
      () => true,
      () => false,
    );
    if (found) return relative(dirname(file), path).replace(/^(?!\.)/, './');
    if (folder === dirname(folder)) return null;
  }
}
