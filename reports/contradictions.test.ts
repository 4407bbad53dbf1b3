import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { OutlastError } from '../helpers/errors.ts';
import { isAsExpected } from '../helpers/verdict/expectation.ts';
import { judge } from '../helpers/verdict/judge.ts';
import { type Attempt, OUTCOMES } from '../helpers/verdict/model.ts';
import { contradictionsOf } from './contradictions.ts';
import type { Report, ReportCell } from './model.ts';
import { readReport } from './read.ts';
import { deadCell, fullReport, goodCell, largeReport, lostCell, sampleReport, unknownCell } from './sample.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'outlast-contradictions-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const read = async (report: Report) => {
  writeFileSync(join(folder, 'report.json'), JSON.stringify(report));
  return readReport(folder);
};
/** Of a report that is sound but for one cell, whose verdict follows from it. */
const withCell = (cell: ReportCell) => sampleReport([{ ...goodCell, disruption: 'kill' }, cell]);
const unread = { intact: null, lost: null, corrupt: null, unexpected: null, recovered: null };
const own = { before: 1, gone: 0, rewritten: 0, notes: [] };
const GATE = { decision: 'allowed', reasons: [], accepted: [] } as const;
const SOUND = sampleReport([goodCell]);

test.for([
  ['fullReport', fullReport()],
  ['largeReport', largeReport(3, 9)],
  ['of nothing', sampleReport([])],
  ['a run that did not end whole', { ...SOUND, verdict: 'inconclusive' }],
] as const)('%s is read', async ([, report]) => {
  expect(await read(report)).toEqual(report);
});

describe('what contradicts itself is REPORT_DAMAGED, and it says what', () => {
  test.for([
    [
      'a loss that is called good',
      withCell({ ...lostCell, ok: true }),
      'cells[1].ok',
      'true, ran with outcome lost and service up where survived is expected',
    ],
    [
      'a survival that is called bad',
      withCell({ ...goodCell, ok: false }),
      'cells[1].ok',
      'false, ran with outcome survived',
    ],
    [
      'a service that is down besides, called good',
      withCell({ ...goodCell, outages: ['worker'] }),
      'cells[1].ok',
      'another service is down',
    ],
    [
      'a service that is down besides, accepted',
      withCell({ ...lostCell, outages: ['worker'], acceptedBy: 'me' }),
      'cells[1].acceptedBy',
      'lost',
    ],
    [
      'what nobody knows, called good',
      withCell({ ...unknownCell, ok: true, expected: ['unknown'] }),
      'cells[1].ok',
      'true',
    ],
    [
      'what did not run, called good',
      withCell({ ...unknownCell, status: 'not-run', ok: true }),
      'cells[1].ok',
      'not-run',
    ],
    ['what does not apply, called bad', withCell({ ...unknownCell, status: 'not-applicable' }), 'cells[1].ok', 'false'],
    [
      'what did not run and has an outcome',
      withCell({ ...goodCell, status: 'not-run', ok: false }),
      'cells[1].outcome',
      'survived',
    ],
    [
      'an outcome better than the data',
      withCell({ ...lostCell, outcome: 'survived', ok: true }),
      'cells[1].outcome',
      'data lost',
    ],
    [
      'an outcome better than the service',
      withCell({ ...deadCell, outcome: 'survived', ok: true }),
      'cells[1].outcome',
      'service unavailable',
    ],
    ['lost rows of what survived', withCell({ ...goodCell, intact: 10, lost: 10 }), 'cells[1].data', '10 of 20'],
    ['changed rows of what survived', withCell({ ...goodCell, intact: 19, corrupt: 1 }), 'cells[1].data', '19 of 20'],
    ['what survived, and nobody has read it', withCell({ ...goodCell, ...unread }), 'cells[1].data', 'nobody knows'],
    [
      'what survived, and nothing was written',
      withCell({ ...goodCell, attempted: 0, acknowledged: 0, intact: 0 }),
      'cells[1].data',
      '0 of 0',
    ],
    [
      'what survived without the data of the app',
      withCell({ ...goodCell, own: { ...own, verdict: 'lost' } }),
      'cells[1].data',
      "the app's own data lost",
    ],
    [
      'more intact rows than there were',
      withCell({ ...goodCell, intact: 21 }),
      'cells[1].acknowledged',
      '20 acknowledged, of them 21',
    ],
    ['more ends than attempts', withCell({ ...goodCell, attempted: 19 }), 'cells[1].attempted', '19 attempted'],
    ['a reading in part', withCell({ ...goodCell, unexpected: null }), 'cells[1].intact', 'in part'],
    ['what is good and accepted', withCell({ ...goodCell, acceptedBy: 'me' }), 'cells[1].acceptedBy', 'survived'],
    ['what nobody knows, accepted', withCell({ ...unknownCell, acceptedBy: 'me' }), 'cells[1].acceptedBy', 'unknown'],
    [
      'a survival that should not be, accepted',
      withCell({ ...goodCell, ok: false, expected: ['lost'], acceptedBy: 'me' }),
      'cells[1].acceptedBy',
      'survived',
    ],
    [
      'a better verdict than its cells',
      { ...sampleReport([lostCell]), verdict: 'outlasts' },
      'verdict',
      'outlasts, and the cells say loses',
    ],
    [
      'a loss called inconclusive',
      { ...sampleReport([lostCell]), verdict: 'inconclusive' },
      'verdict',
      'the cells say loses',
    ],
    ['a worse verdict than its cells', { ...SOUND, verdict: 'fails' }, 'verdict', 'the cells say outlasts'],
    ['a verdict on nothing', { ...sampleReport([]), verdict: 'outlasts' }, 'verdict', 'the cells say inconclusive'],
    ['a cell twice', sampleReport([goodCell, goodCell]), 'cells[1]', 'restart × notes on h1 stands there twice'],
    [
      'a store twice',
      { ...SOUND, stores: [...SOUND.stores, ...SOUND.stores] },
      'stores[1]',
      'notes stands there twice',
    ],
    ['a host twice', { ...SOUND, hosts: [...SOUND.hosts, ...SOUND.hosts] }, 'hosts[1]', 'h1 stands there twice'],
    [
      'a store that is not there',
      withCell({ ...goodCell, store: 'other' }),
      'cells[1].store',
      'no store is called other',
    ],
    ['a host that is not there', withCell({ ...goodCell, host: 'h2' }), 'cells[1].host', 'no host is called h2'],
    [
      'allowed for a reason to refuse',
      { ...SOUND, gate: { ...GATE, reasons: [{ code: 'unknown', text: 't' }] } },
      'gate.decision',
      'allowed, with 1',
    ],
    ['refused for none', { ...SOUND, gate: { ...GATE, decision: 'refused' } }, 'gate.decision', 'refused, with 0'],
  ] as const satisfies readonly (readonly [string, Report, string, string])[])('%s', async ([, report, path, what]) => {
    const fault = (await read(report).then(null, (error: unknown) => error)) as OutlastError | null;
    expect(fault).toMatchObject({ code: 'REPORT_DAMAGED', message: expect.stringContaining('contradicts itself') });
    const told = fault?.detail?.split('✖ ').find((each) => each.trimEnd().endsWith(`→ at ${path}`));
    expect(told).toContain(what);
  });
});

test('two hosts and a test that never came so far are no contradiction', async () => {
  const hosts = ['h1', 'h2'].flatMap((id) => SOUND.hosts.map((host) => ({ ...host, id })));
  const cells = [
    goodCell,
    { ...goodCell, host: 'h2' },
    { ...unknownCell, store: '-', host: '-' },
    { ...lostCell, store: '-' },
    // What does not apply claims nothing of anybody.
    { ...unknownCell, status: 'not-applicable' as const, ok: true, store: '-' },
  ];
  const report = { ...sampleReport(cells), hosts };
  expect(await read(report)).toEqual(report);
});

test('what the judge says of any rows is no contradiction', () => {
  const attempt = fc.record({
    end: fc.constantFrom('acknowledged', 'rejected', 'indeterminate'),
    seen: fc.constantFrom('same', 'other', 'not'),
  } as const);
  const property = fc.property(
    fc.array(attempt, { maxLength: 8 }),
    fc.constantFrom('up', 'unwritable', 'unavailable', 'unknown'),
    fc.constantFrom('kept', 'lost', 'unknown', undefined),
    fc.boolean(),
    fc.boolean(),
    fc.boolean(),
    fc.subarray([...OUTCOMES]),
    (drawn, service, verdict, isRead, proven, sourceReplaced, expected) => {
      const attempts = drawn.map(({ end }, seq): Attempt => ({
        store: 's',
        marker: { id: `o-${seq}`, epoch: 0, seq, payload: 'p', hash: '' },
        end,
        attemptedAt: seq,
        endedAt: seq,
      }));
      const rows = drawn.flatMap(({ seen }, seq) =>
        seen === 'not' ? [] : [{ id: `o-${seq}`, payload: seen === 'same' ? 'p' : 'q' }],
      );
      const judgement = judge(attempts, {
        rows: isRead ? rows : null,
        readFailure: null,
        baseline: new Set(),
        ...(verdict && { own: verdict }),
        sourceReplaced,
        integrity: null,
        service,
        serviceReason: null,
        proven,
      });
      const { outcome, data, counts } = judgement;
      const cell: ReportCell = {
        ...goodCell,
        ...counts,
        outcome,
        data,
        service,
        expected,
        ok: isAsExpected({ outcome, service, expected }),
        own: verdict ? { ...own, verdict } : null,
      };
      return contradictionsOf(cell).length === 0;
    },
  );
  expect(fc.check(property, { numRuns: 2000 }).counterexample).toBeNull();
});
