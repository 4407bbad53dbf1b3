import type { Report } from '../../reports/model.ts';
import type { CellRecord } from '../scenario/record.ts';
import type { Session, SessionRecord } from '../scenario/session.ts';
import { verdictOf } from '../verdict/expectation.ts';
import { VERSION } from '../version.ts';

/** A finished run in the shape of the report. */
export function assembleReport(
  session: Session,
  record: SessionRecord,
  run: { readonly cells: readonly CellRecord[]; readonly startedAt: Date; readonly durationMs: number },
): Report {
  return {
    schema: 'outlast.report/1',
    tool: { version: VERSION },
    runId: session.runId,
    seed: session.seed,
    startedAt: run.startedAt.toISOString(),
    durationMs: run.durationMs,
    verdict: verdictOf(run.cells),
    ...record,
    cells: run.cells,
    findings: [],
    claims: [],
    controls: [],
    gate: null,
    baseline: null,
  };
}
