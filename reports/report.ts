import { verdictOf } from '../helpers/verdict/expectation.ts';
import { type Report, REPORT_SCHEMA } from './model.ts';

type Optional = 'seed' | 'stack' | 'findings' | 'claims' | 'controls' | 'gate' | 'baseline';

/** What a run must bring; all else is empty unless given. */
export type ReportParts = Omit<Report, 'schema' | 'verdict' | Optional> & Partial<Pick<Report, Optional>>;

/** The report on a run, with the verdict that its cells give. */
export function makeReport(parts: ReportParts): Report {
  return {
    schema: REPORT_SCHEMA,
    seed: null,
    stack: null,
    findings: [],
    claims: [],
    controls: [],
    gate: null,
    baseline: null,
    ...parts,
    verdict: verdictOf(parts.cells),
  };
}
