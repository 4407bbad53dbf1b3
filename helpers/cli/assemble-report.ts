import type { Report } from '../../reports/model.ts';
import type { Audited } from '../audit/audit-project.ts';
import { refutations } from '../audit/prediction-refuted.ts';
import { looksLikeBackup } from '../discovery/looks-like-backup.ts';
import type { CellRecord } from '../scenario/record.ts';
import type { Session, SessionRecord } from '../scenario/session.ts';
import { verdictOf } from '../verdict/expectation.ts';
import { VERSION } from '../version.ts';

/** A finished run in the shape of the report: what was seen beside what was predicted. */
export function assembleReport(
  session: Pick<Session, 'runId' | 'seed' | 'backups'>,
  record: SessionRecord,
  audited: Pick<Audited, 'findings' | 'predictions'>,
  run: { readonly cells: readonly CellRecord[]; readonly startedAt: Date; readonly durationMs: number },
): Report {
  const predictions = new Map(audited.predictions.map((one) => [keyOf(one), one.predicted]));
  const cells = run.cells.map((cell) => ({ ...cell, predicted: predictions.get(keyOf(cell)) ?? null }));
  const serviceOf = new Map(record.stores.map(({ id, service }) => [id, service]));
  return {
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
}

function keyOf({ disruption, store }: { readonly disruption: string; readonly store: string }): string {
  return `${disruption} ${store}`;
}
