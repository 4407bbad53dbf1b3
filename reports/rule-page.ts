import { readFileSync } from 'node:fs';
import { PACKAGE_ROOT } from '../helpers/own-package.ts';

/** What docs/rules/ says of a rule. */
export interface RulePage {
  /** In the repository or in the package. */
  readonly file: URL;
  /** Without its heading. Its links are plain text: they lead to other pages of the repository. */
  readonly markdown: string;
}

/** A name from outside must not lead to another file. */
const RULE = /^[a-z\d-]+$/;

/** `null` where this version of Outlast does not know the rule. */
export function rulePage(rule: string): RulePage | null {
  if (!RULE.test(rule)) return null;
  const file = new URL(`docs/rules/${rule}.md`, PACKAGE_ROOT);
  try {
    const [, ...lines] = readFileSync(file, 'utf8').split('\n');
    return {
      file,
      markdown: lines
        .join('\n')
        .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
        .trim(),
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
