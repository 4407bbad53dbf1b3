import { type Format, FORMATS } from '../../reports/formats.ts';
import { readReport } from '../../reports/read.ts';

/**
 * `outlast report`: an earlier run's report on stdout, in another format. Nothing of the stack is touched.
 * @returns the exit code; the verdict is not in it
 */
export async function report(folder: string, { format }: { readonly format: Format }): Promise<number> {
  process.stdout.write(FORMATS[format](await readReport(folder)));
  return 0;
}
