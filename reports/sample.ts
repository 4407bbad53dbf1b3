import type { ReportCell } from './model.ts';
import { makeReport, type ReportParts } from './report.ts';

/** A cell as it should be; for tests. */
export const goodCell: ReportCell = {
  disruption: 'restart',
  store: 'notes',
  host: 'h1',
  status: 'ran',
  predicted: 'survived',
  outcome: 'survived',
  data: 'survived',
  service: 'up',
  expected: ['survived'],
  ok: true,
  acceptedBy: null,
  reason: null,
  attempted: 20,
  acknowledged: 20,
  rejected: 0,
  indeterminate: 0,
  intact: 20,
  lost: 0,
  corrupt: 0,
  unexpected: 0,
  recovered: 0,
  rpoMs: 0,
  rtoMs: 900,
  durationMs: 1500,
  proof: { before: { 'app start': '1' }, after: { 'app start': '2' }, changed: ['app start'], unchanged: [] },
  evidence: [{ kind: 'command', text: 'docker compose restart' }],
};

/** The same after a loss of half the rows. */
export const lostCell: ReportCell = {
  ...goodCell,
  disruption: 'down-up',
  outcome: 'lost',
  data: 'lost',
  ok: false,
  reason: 'rows-missing',
  intact: 10,
  lost: 10,
  rpoMs: 50,
  evidence: [{ kind: 'rows', text: 'o-n-notes-0-10, o-n-notes-0-11' }],
};

/** A store that nobody could read. */
export const unknownCell: ReportCell = {
  ...goodCell,
  disruption: 'crash',
  outcome: 'unknown',
  data: 'unknown',
  ok: false,
  reason: 'host-died',
  intact: null,
  lost: null,
  corrupt: null,
  unexpected: null,
  recovered: null,
  rpoMs: null,
};

/** A service that stayed down over intact data. */
export const deadCell: ReportCell = {
  ...goodCell,
  disruption: 'reboot',
  outcome: 'unavailable',
  service: 'unavailable',
  ok: false,
  reason: 'not-running',
};

/** A whole report on these cells; for tests. */
export function sampleReport(cells: readonly ReportCell[], more: Partial<ReportParts> = {}) {
  return makeReport({
    tool: { version: '0.0.0' },
    runId: 'r1',
    startedAt: '2020-01-01T00:00:00.000Z',
    durationMs: 1,
    hosts: [{ id: 'h1', kind: 'private', engineVersion: '28.0.0', composeVersion: '2.40.0' }],
    stores: [
      {
        id: 'notes',
        kind: 'sqlite',
        service: 'app',
        path: '/data/notes.db',
        layer: 'named-volume',
        source: 'data',
        writer: 'probe',
      },
    ],
    cells,
    ...more,
  });
}
