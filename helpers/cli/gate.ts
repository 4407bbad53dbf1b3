import { resolve } from 'node:path';
import { readConfig } from '../config/config.ts';
import { DEFAULT_POLICY } from '../config/gate.ts';
import { OutlastError } from '../errors.ts';
import { decide } from '../gate/decide.ts';
import { FAULTS, type Fault } from '../gate/reasons.ts';
import { findComposeFiles } from '../stack/compose-files.ts';
import { revisionOf } from '../stack/revision.ts';
import { SourceLines } from '../stack/source-lines.ts';
import { readReport } from '../../reports/read.ts';
import { gateLine } from '../../reports/summary.ts';

export interface GateOptions {
  readonly file: readonly string[];
  readonly profile: readonly string[];
  readonly envFile: readonly string[];
  readonly config?: string;
}

/**
 * `outlast gate`: may the stack be deployed, by the report of an earlier run? One line on stdout; nothing of the user's is executed.
 * @returns the exit code: 0 allowed, 1 refused by what was seen
 * @throws OutlastError for a report that says nothing of this stack, this commit, or today
 */
export async function gate(folder: string, options: GateOptions): Promise<number> {
  const report = await readReport(folder);
  const compose = await findComposeFiles(options.file, process.cwd());
  const config = await readConfig(compose.folder, options.config);
  const lines = await SourceLines.read(compose.files);
  const here = await revisionOf(lines, compose.folder, {
    profiles: options.profile,
    envFiles: options.envFile.map((file) => resolve(file)),
    apart: resolve(folder),
  });
  const known = { stores: config?.stores?.map(({ id }) => id), expectations: config?.expect };
  const decision = decide(report, config?.gate ?? DEFAULT_POLICY, new Date(), here, known);
  const [fault, ...more] = decision.reasons.filter(({ code }) => isFault(code));
  if (fault)
    throw new OutlastError(fault.code as Fault, `Refused: ${fault.text}.`, {
      detail: more.map(({ code, text }) => `${code}: ${text}`).join('\n') || undefined,
    });
  const seen = [...report.stores.map(({ id }) => id), ...report.cells.map(({ store }) => store)];
  config?.checkStores([...(known.stores ?? []), ...seen]);
  // What is included from elsewhere only the report knows.
  config?.checkServices([...new Set([...lines.services, ...(report.stack?.services ?? [])])]);
  process.stdout.write(`${gateLine(decision)}\n`);
  return decision.decision === 'allowed' ? 0 : 1;
}

function isFault(code: string): code is Fault {
  return (FAULTS as readonly string[]).includes(code);
}
