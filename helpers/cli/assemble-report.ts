import { compare } from '../../reports/compare.ts';
import type { Report } from '../../reports/model.ts';
import type { Audited } from '../audit/audit-project.ts';
import { refutations } from '../audit/prediction-refuted.ts';
import { isExpired, type GatePolicy } from '../config/gate.ts';
import { decide } from '../gate/decide.ts';
import { looksLikeBackup } from '../discovery/looks-like-backup.ts';
import type { CellRecord } from '../scenario/record.ts';
import type { Session, SessionRecord } from '../scenario/session.ts';
import { acceptedBy, hasOutage, verdictOf } from '../verdict/expectation.ts';
import { VERSION } from '../own-package.ts';

export interface FinishedRun {
  readonly cells: readonly CellRecord[];
  readonly startedAt: Date;
  readonly durationMs: number;
  /** An earlier run of the same stack; `null`: there is none. */
  readonly before: Report | null;
}

/** A finished run in the shape of the report: what was seen beside what was predicted, accepted, and seen before. */
export function assembleReport(
  session: Pick<Session, 'runId' | 'seed' | 'expectations' | 'policy' | 'backups'>,
  record: SessionRecord,
  audited: Pick<Audited, 'findings' | 'predictions'>,
  run: FinishedRun,
): Report {
  const { policy } = session;
  const predictions = new Map(audited.predictions.map((one) => [keyOf(one), one.predicted]));
  const cells = run.cells.map((cell) => ({
    ...cell,
    predicted: predictions.get(keyOf(cell)) ?? null,
    acceptedBy:
      acceptedBy(cell, session.expectations) ??
      (policy === null ? null : acceptedByPolicy(cell, policy, run.startedAt)),
  }));
  const serviceOf = new Map(record.stores.map(({ id, service }) => [id, service]));
  const report: Report = {
    schema: 'outlast.report/1',
    tool: { version: VERSION },
    runId: session.runId,
    seed: session.seed,
    startedAt: run.startedAt.toISOString(),
    durationMs: run.durationMs,
    verdict: verdictOf(cells),
    ...record,
    cells,
    findings: [
      ...audited.findings,
      ...refutations(cells, (store) => serviceOf.get(store) ?? null),
      ...session.backups.map(looksLikeBackup),
    ],
    claims: [],
    controls: [],
    gate: null,
    baseline: null,
  };
  const ended = new Date(run.startedAt.getTime() + run.durationMs);
  return {
    ...report,
    gate: policy === null ? null : decide(report, policy, ended, record.stack, session),
    baseline: run.before === null ? null : compare(run.before, report),
  };
}

/** Nobody accepts what nobody has seen. */
function acceptedByPolicy(cell: CellRecord, { accept }: GatePolicy, at: Date): string | null {
  const { ok, outcome, disruption, store } = cell;
  if (ok || outcome === 'unknown' || outcome === 'survived' || hasOutage(cell)) return null;
  const exception = accept.find(
    (each) => each.disruption === disruption && each.store === store && !isExpired(each, at),
  );
  return exception ? `${exception.reason} (until ${exception.until})` : null;
}

function keyOf({ disruption, store }: { readonly disruption: string; readonly store: string }): string {
  return `${disruption} ${store}`;
}
