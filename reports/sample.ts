import type { Report, ReportCell } from './model.ts';
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
export function sampleReport(cells: readonly ReportCell[], more: Partial<ReportParts> = {}): Report {
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

/** A report in which every part of the model has something to show; for tests. */
export function fullReport(): Report {
  const timed = {
    title: 'containers and networks are removed; nobody runs `up`',
    timeline: [
      { stage: 'write', beganMs: 0, endedMs: 200 },
      { stage: 'inject', beganMs: 200, endedMs: 700 },
      { stage: 'boot', beganMs: 700, endedMs: 900 },
      { stage: 'ready', beganMs: 900, endedMs: 1300 },
      { stage: 'read', beganMs: 1300, endedMs: 1350 },
      { stage: 'judge', beganMs: 1350, endedMs: 1500 },
    ],
  } as const;
  const borrowed: ReportCell = { ...goodCell, store: 'cache', reason: 'borrowed-time' };
  const idle: ReportCell = { ...unknownCell, disruption: 'restore', status: 'not-run', reason: 'no-backup' };
  const absent: ReportCell = { ...idle, store: 'cache', status: 'not-applicable', reason: 'not-in-backup', ok: true };
  const required: ReportCell = {
    ...lostCell,
    disruption: 'down-volumes',
    ok: true,
    expected: ['lost'],
    predicted: 'lost',
  };
  const log = { kind: 'log', text: 'app | ready\napp | stopped' } as const;
  return sampleReport(
    [
      goodCell,
      borrowed,
      { ...lostCell, ...timed, evidence: [...lostCell.evidence, log] },
      { ...lostCell, ...timed, store: 'cache', acceptedBy: 'the owner, until spring' },
      unknownCell,
      deadCell,
      idle,
      absent,
      required,
    ],
    {
      stack: {
        name: 'demo',
        files: ['compose.yaml'],
        digest: 'sha256:0',
        commit: 'c0ffee',
        dirty: false,
        services: ['app', 'idle'],
        changes: ['no way out'],
        baseImage: 'official',
        mounts: [
          { service: 'app', layer: 'named-volume', source: 'data', target: '/data', readOnly: false },
          { service: 'app', layer: 'bind', source: './etc', target: '/etc/app', readOnly: true },
        ],
      },
      stores: [
        {
          id: 'notes',
          kind: 'sqlite',
          service: 'app',
          path: '/data/notes.db',
          layer: 'named-volume',
          source: 'demo_data',
          writer: 'app',
        },
        {
          id: 'cache',
          kind: 'files',
          service: 'app',
          path: '/var/cache',
          layer: 'container',
          source: 'c1',
          writer: 'probe',
        },
      ],
      findings: [
        {
          rule: 'container-layer-data',
          hazard: '1',
          severity: 'error',
          service: 'app',
          file: 'compose.yaml',
          line: 7,
          path: '/var/cache',
          title: 'Data where nothing is mounted',
          why: 'The next container starts without it.',
          fix: 'Mount a volume at `/var/cache`.',
          excerpt: '  6 | services:\n> 7 |   app:\n  8 |     image: app:1',
          fingerprint: 'f1',
        },
      ],
      claims: [
        {
          id: 'C2',
          statement: 'It does not hold',
          verdict: 'refuted',
          evidence: [{ kind: 'note', text: 'seen to fail' }],
        },
        {
          id: 'C1',
          statement: 'It holds',
          verdict: 'holds',
          evidence: [{ kind: 'command', text: 'docker compose up' }],
        },
      ],
      controls: [{ id: 'k1', expected: 'lost', outcome: 'lost', caught: true, reason: 'rows-missing' }],
      gate: {
        decision: 'refused',
        reasons: [
          { code: 'not-survived', text: 'notes after down-up: lost' },
          { code: 'unknown', text: 'notes after crash: unknown (host-died)' },
        ],
        accepted: [{ what: 'cache after down-up: lost', reason: 'it is filled again', until: '2020-03-20' }],
      },
      baseline: {
        runId: 'r0',
        startedAt: '2019-12-31T00:00:00.000Z',
        worse: [{ disruption: 'down-up', store: 'notes', before: 'survived', after: 'lost' }],
        better: [{ disruption: 'kill', store: 'notes', before: 'lost', after: 'survived' }],
        newFindings: [
          {
            rule: 'container-layer-data',
            severity: 'error',
            service: 'app',
            file: 'compose.yaml',
            line: 7,
            title: 'Data where nothing is mounted',
          },
        ],
        goneFindings: [
          {
            rule: 'no-restart-policy',
            severity: 'warning',
            service: 'app',
            file: null,
            line: null,
            title: 'Nobody starts `app`',
          },
        ],
      },
    },
  );
}

/** As many cells as a large stack has, all with evidence; for tests and the benchmark. */
export function largeReport(stores: number, disruptions: number): Report {
  const names = Array.from({ length: stores }, (_, index) => `store-${index + 1}`);
  const kinds = [goodCell, goodCell, goodCell, goodCell, lostCell, goodCell, unknownCell, goodCell, deadCell];
  const evidence: ReportCell['evidence'] = [
    { kind: 'command', text: 'docker compose down\ndocker compose up -d --no-build' },
    { kind: 'rows', text: `the first lost or changed rows: ${names.slice(0, 10).join(', ')}` },
    { kind: 'integrity', text: 'ok: ok' },
    { kind: 'note', text: 'the main process cannot write /data: '.repeat(5) },
    { kind: 'log', text: 'app | 2020-01-01T00:00:00.000Z {"level":"error","message":"no space left"}\n'.repeat(5) },
  ];
  const ids = Array.from({ length: 15 }, (_, index) => `service-${index} container`);
  const proof = {
    before: Object.fromEntries(ids.map((id) => [id, '0'.repeat(64)])),
    after: Object.fromEntries(ids.map((id) => [id, '1'.repeat(64)])),
    changed: ids,
    unchanged: [],
  };
  const cells = Array.from({ length: disruptions }, (_, row) =>
    names.map((store, column): ReportCell => ({
      ...(kinds[(row * 7 + column * 3) % kinds.length] ?? goodCell),
      disruption: `disruption-${row + 1}`,
      title: 'every container is stopped, then started',
      store,
      timeline: [
        { stage: 'write', beganMs: 0, endedMs: 200 + column },
        { stage: 'inject', beganMs: 200 + column, endedMs: 700 },
        { stage: 'ready', beganMs: 700, endedMs: 1300 },
        { stage: 'read', beganMs: 1300, endedMs: 1400 },
        { stage: 'judge', beganMs: 1400, endedMs: 1500 },
      ],
      proof,
      evidence,
    })),
  ).flat();
  return sampleReport(cells, {
    stores: names.map((id, index) => ({
      id,
      kind: 'sqlite',
      service: `service-${index % 15}`,
      path: `/data/${id}.db`,
      layer: 'named-volume',
      source: `volume-${index % 15}`,
      writer: 'probe',
    })),
  });
}
