import { describe, expect, test } from 'vitest';
import { renderJson } from '../../reports/json.ts';
import type { Report } from '../../reports/model.ts';
import { goodCell, sampleReport } from '../../reports/sample.ts';
import type { Audited } from '../audit/audit-project.ts';
import { PREDICTION_REFUTED } from '../audit/prediction-refuted.ts';
import { DEFAULT_POLICY, type GatePolicy } from '../config/gate.ts';
import type { LikelyBackup } from '../discovery/discover-stores.ts';
import { LOOKS_LIKE_BACKUP } from '../discovery/looks-like-backup.ts';
import type { Expectation } from '../verdict/expectation.ts';
import { UNMEASURED, type Outcome } from '../verdict/model.ts';
import { assembleReport } from './assemble-report.ts';

const base = sampleReport([goodCell]);
const cellSeen = (seen: Outcome, status: 'ran' | 'not-run' = 'ran') => {
  const outcome = status === 'ran' ? seen : 'unknown';
  const isOfService = outcome === 'unavailable' || outcome === 'unwritable';
  return {
    ...UNMEASURED,
    ...goodCell,
    expected: ['survived'] as Outcome[],
    reason: null,
    evidence: [],
    proof: UNMEASURED.proof,
    title: 'the host boots',
    timeline: [],
    outcome,
    data: isOfService ? ('survived' as const) : outcome,
    service: isOfService ? outcome : ('up' as const),
    ok: outcome === 'survived',
    status,
  };
};

function assembled(
  predicted: Outcome | null,
  seen: ReturnType<typeof cellSeen>,
  policy: GatePolicy | null = null,
  before: Report | null = null,
  backups: readonly LikelyBackup[] = [],
  expectations: readonly Expectation[] = [],
) {
  const audited: Pick<Audited, 'findings' | 'predictions'> = {
    findings: [],
    predictions: [{ disruption: seen.disruption, store: seen.store, predicted }],
  };
  const stack = {
    name: 'shop',
    files: [],
    digest: '',
    commit: null,
    dirty: null,
    variables: {},
    profiles: [],
    services: [],
    changes: [],
    baseImage: null,
    mounts: [],
  };
  const stores = [
    {
      id: seen.store,
      kind: 'files' as const,
      service: 'app',
      path: '/data',
      layer: 'bind' as const,
      source: '',
      writer: 'probe' as const,
    },
  ];
  const session = { runId: base.runId, seed: 's', expectations, policy, backups };
  const report = assembleReport(session, { stack, hosts: [...base.hosts], stores }, audited, {
    cells: [seen],
    startedAt: new Date('2020-01-01'),
    durationMs: 1,
    before,
  });
  renderJson(report);
  return report;
}

describe('a report', () => {
  test('has the prediction of the files in each cell', () => {
    expect(assembled('survived', cellSeen('survived')).cells[0]?.predicted).toBe('survived');
    expect(assembled(null, cellSeen('survived')).cells[0]?.predicted).toBeNull();
  });

  test('finds a prediction that was refuted', () => {
    const { findings } = assembled('survived', cellSeen('lost'));
    expect(findings).toMatchObject([
      {
        rule: PREDICTION_REFUTED.id,
        severity: 'warning',
        service: 'app',
        title: expect.stringContaining('survived was predicted, and lost was seen'),
      },
    ]);
  });

  test('tells of databases that are left out', () => {
    const { findings } = assembled(null, cellSeen('survived'), null, null, [{ service: 'app', path: '/data/app.bak' }]);
    expect(findings).toMatchObject([
      { rule: LOOKS_LIKE_BACKUP.id, severity: 'info', service: 'app', path: '/data/app.bak' },
    ]);
  });

  test.for([
    ['was seen', 'lost', cellSeen('lost')],
    ['was not made', null, cellSeen('lost')],
    ['could not be seen', 'survived', cellSeen('unknown')],
    ['was not put to the test', 'survived', cellSeen('lost', 'not-run')],
    ['says that the app may not write, and it ended', 'unwritable', cellSeen('unavailable')],
  ] as const)('is content where the prediction %s', ([, predicted, seen]) => {
    expect(assembled(predicted, seen).findings).toEqual([]);
  });

  test.for([
    ['a loss that the policy accepts', 'lost', '2020-01-01', 'filled again (until 2020-01-01)'],
    ['a loss that it accepted once', 'lost', '2019-12-31', null],
    ['what nobody has seen', 'unknown', '2020-01-01', null],
    ['what is as it should be', 'survived', '2020-01-01', null],
  ] as const)('accepts: %s', ([, outcome, until, by]) => {
    const cell = cellSeen(outcome);
    const policy: GatePolicy = {
      ...DEFAULT_POLICY,
      accept: [{ disruption: cell.disruption, store: cell.store, reason: 'filled again', until }],
    };
    const { cells, gate, verdict } = assembled(null, cell, policy);
    expect(cells[0]?.acceptedBy).toBe(by);
    expect(verdict).toBe(
      by !== null || outcome === 'survived' ? 'outlasts' : outcome === 'lost' ? 'loses' : 'inconclusive',
    );
    expect(gate?.decision).toBe('refused');
    expect(gate?.accepted).toHaveLength(by === null ? 0 : 1);
  });

  test('accepts no survival, not even one that should not be', () => {
    const cell = { ...cellSeen('survived'), ok: false, expected: ['lost'] as Outcome[] };
    const accept = [{ disruption: cell.disruption, store: cell.store, reason: 'r', until: '2999-01-01' }];
    const { cells, verdict } = assembled(null, cell, { ...DEFAULT_POLICY, accept });
    expect([cells[0]?.acceptedBy, verdict]).toEqual([null, 'inconclusive']);
  });

  test('accepts what the configuration does not miss, and its gate does too', () => {
    const cell = cellSeen('lost');
    const unmissed: Expectation = { store: cell.store, outcomes: ['lost'], reason: 'a cache' };
    const { cells, gate } = assembled(null, cell, DEFAULT_POLICY, null, [], [unmissed]);
    expect(cells[0]?.acceptedBy).toBe('a cache');
    expect(gate?.reasons.map(({ code }) => code)).not.toContain('not-survived');
    expect(assembled(null, cell, DEFAULT_POLICY).gate?.reasons.map(({ code }) => code)).toContain('not-survived');
  });

  test('has no gate without a policy, and no baseline without a run before', () => {
    expect(assembled(null, cellSeen('survived'))).toMatchObject({ gate: null, baseline: null });
  });

  test('is compared with the run before', () => {
    const cell = cellSeen('lost');
    expect(assembled(null, cell, null, base).baseline).toMatchObject({
      runId: base.runId,
      worse: [{ store: cell.store, before: 'survived', after: 'lost' }],
    });
  });
});
