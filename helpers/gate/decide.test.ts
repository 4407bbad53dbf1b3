import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deadCell, fullReport, goodCell, lostCell, sampleReport, unknownCell } from '../../reports/sample.ts';
import { makeReport } from '../../reports/report.ts';
import { DEFAULT_POLICY, type GatePolicy } from '../config/gate.ts';
import { DISRUPTIONS } from '../disruptions/catalogue.ts';
import { OUTCOMES, REASONS, type Reason } from '../verdict/model.ts';
import type { Revision } from '../stack/revision.ts';
import { decide, type Tested } from './decide.ts';
import { FAULTS, REFUSALS } from './reasons.ts';

const NOW = new Date('2020-01-02T00:00:00.000Z');
const HERE: Revision = { digest: 'sha256:1', commit: 'c0ffeec0ffeec0ffee', dirty: false, variables: {}, profiles: [] };
const STACK = { ...HERE, name: 'shop', files: [], services: [], changes: [], baseImage: null };
const BY_DEFAULT = DISRUPTIONS.filter(({ optional }) => !optional).map(({ id }) => id);

type Cell = Tested['cells'][number];
const cellsOf = (store: string): Cell[] => BY_DEFAULT.map((disruption) => ({ ...goodCell, disruption, store }));

/** What came of `restart`, and the rest as it should be. */
function reportWith(cell: Cell, more: Partial<Tested> = {}): Tested {
  const cells = cellsOf('notes').map((each) =>
    each.disruption === 'restart' ? { ...cell, disruption: 'restart' } : each,
  );
  return { ...sampleReport([]), stack: STACK, cells, verdict: 'outlasts', ...more };
}

const SOUND = reportWith(goodCell);

function decided(report: Tested, policy: Partial<GatePolicy> = {}, here: Partial<typeof HERE> = {}, stores?: string[]) {
  return decide(report, { ...DEFAULT_POLICY, ...policy }, NOW, { ...HERE, ...here }, { stores });
}

const codesOf = (...args: Parameters<typeof decided>) => decided(...args).reasons.map(({ code }) => code);
const textsOf = (before: Partial<Revision>, now: Partial<Revision>) =>
  decided(reportWith(goodCell, { stack: { ...STACK, ...before } }), {}, now).reasons.map(({ text }) => text);
const NAMED: Partial<GatePolicy> = { survive: [{ disruptions: ['restart'], stores: ['notes'] }] };
const UNTIL = { reason: 'it is filled again', until: '2020-01-02' };

const absent = (reason: Reason): Cell => ({ ...unknownCell, status: 'not-applicable', ok: true, reason });
const allowed = (...args: Parameters<typeof decide>) => decide(...args).decision === 'allowed';
/** No exception has expired. */
const current = (of: GatePolicy): GatePolicy => ({
  ...of,
  accept: of.accept.map((each) => ({ ...each, until: '2020-01-02' })),
});

test('a sound report of what is here is allowed', () => {
  expect(decided(SOUND)).toEqual({ decision: 'allowed', reasons: [], accepted: [] });
});

describe('what the configuration expects to be lost', () => {
  const expectations = [{ store: 'notes', outcomes: ['lost'] as const, reason: 'it is filled again' }];
  const lossy = reportWith(lostCell);
  const judge = (policy: Partial<GatePolicy>) =>
    decide(lossy, { ...DEFAULT_POLICY, ...policy }, NOW, HERE, { expectations }).decision;

  test('refuses nothing', () => {
    expect(decided(lossy).decision).toBe('refused');
    expect(judge({})).toBe('allowed');
  });

  test('refuses where the policy names that it must survive', () => {
    expect(judge(NAMED)).toBe('refused');
  });
});

describe('a report that says nothing of what is here', () => {
  test.for([
    ['of another digest', { stack: { ...STACK, digest: 'sha256:2' } }, {}, ['REPORT_OTHER_STACK']],
    ['of no stack', { stack: null }, {}, ['REPORT_OTHER_STACK']],
    ['of another commit', { stack: { ...STACK, commit: 'decaf' } }, {}, ['REPORT_OTHER_COMMIT']],
    ['of no commit', { stack: { ...STACK, commit: null } }, {}, ['REPORT_OTHER_COMMIT']],
    ['where is no commit', {}, { commit: null }, ['REPORT_OTHER_COMMIT']],
    ['of a tree with changes', { stack: { ...STACK, dirty: true } }, {}, ['REPORT_UNCOMMITTED']],
    ['of a tree that git did not know', { stack: { ...STACK, dirty: null } }, {}, ['REPORT_UNCOMMITTED']],
    ['of a tree that nobody looked at', { stack: { ...STACK, dirty: undefined } }, {}, ['REPORT_UNCOMMITTED']],
    ['where are changes', {}, { dirty: true }, ['REPORT_UNCOMMITTED']],
    ['where git tells nothing', {}, { dirty: null }, ['REPORT_UNCOMMITTED']],
    [
      'of another value',
      { stack: { ...STACK, variables: { TAG: '1' } } },
      { variables: { TAG: '2' } },
      ['REPORT_OTHER_STACK'],
    ],
    ['of a value where is none', { stack: { ...STACK, variables: { TAG: '1' } } }, {}, ['REPORT_OTHER_STACK']],
    [
      'of no value where is one',
      { stack: { ...STACK, variables: undefined } },
      { variables: { TAG: '1' } },
      ['REPORT_OTHER_STACK'],
    ],
    ['of fewer profiles', { stack: { ...STACK, profiles: ['a'] } }, { profiles: ['a', 'b'] }, ['REPORT_OTHER_STACK']],
    [
      'of no profile where is one',
      { stack: { ...STACK, profiles: undefined } },
      { profiles: ['a'] },
      ['REPORT_OTHER_STACK'],
    ],
    ['of before', { startedAt: '2019-12-25T23:59:59.999Z' }, {}, ['REPORT_TOO_OLD']],
    ['of the future', { startedAt: '2020-01-02T00:00:00.001Z' }, {}, ['REPORT_TOO_OLD']],
    [
      'of something else altogether',
      { stack: { ...STACK, digest: 'sha256:2', commit: 'decaf' }, startedAt: '2010-01-01T00:00:00Z' },
      {},
      ['REPORT_OTHER_STACK', 'REPORT_OTHER_COMMIT', 'REPORT_TOO_OLD'],
    ],
  ] as const)('%s', ([, more, here, codes]) => {
    // It would be refused for what it says, too.
    expect(codesOf(reportWith(lostCell, more), {}, here as Partial<typeof HERE>)).toEqual(codes);
  });

  test.for([
    ['has the same value', { stack: { ...STACK, variables: { TAG: '1' } } }, { variables: { TAG: '1' } }],
    ['has more profiles', { stack: { ...STACK, profiles: ['a', 'b'] } }, { profiles: ['b'] }],
    ['has all profiles', { stack: { ...STACK, profiles: ['*'] } }, { profiles: ['b'] }],
    ['is as old as it may be', { startedAt: '2019-12-26T00:00:00.000Z' }, {}],
    [
      'has no repository, and neither has this',
      { stack: { ...STACK, commit: null, dirty: null } },
      { commit: null, dirty: null },
    ],
  ] as const)('but not one that %s', ([, more, here]) => {
    expect(codesOf(reportWith(goodCell, more), {}, here as Partial<typeof HERE>)).toEqual([]);
  });

  test('names what is not the same', () => {
    expect(textsOf({ variables: { A: '1' } }, {})).toEqual(['A has another value than when it was tested']);
    expect(textsOf({ variables: { A: '1', B: '1' } }, { variables: { C: '1', B: '1' } })).toEqual([
      'A, C have other values than when it was tested',
    ]);
    expect(textsOf({}, { profiles: ['a', 'b'] })).toEqual(['it was not tested with the profile a, b']);
  });

  test('an exception that has expired, whether it is needed or not', () => {
    const accept = [{ disruption: 'kill', store: 'notes', reason: 'r', until: '2020-01-01' }] as GatePolicy['accept'];
    expect(decided(SOUND, { accept }).reasons).toEqual([
      { code: 'EXCEPTION_EXPIRED', text: 'notes after kill was accepted until 2020-01-01' },
    ]);
  });
});

describe('what refuses', () => {
  const required: Cell = { ...lostCell, ok: true, expected: ['lost'] };

  test.for([
    ['a loss', lostCell, {}, ['not-survived']],
    ['a service that is down', deadCell, {}, ['not-survived']],
    [
      'a service without a store that is down',
      { ...goodCell, ok: false, outages: ['tunnel'], reason: 'other-service-down' },
      {},
      ['not-survived'],
    ],
    [
      'a service without a store that is down, whatever is accepted of a store',
      { ...goodCell, ok: false, outages: ['tunnel'], reason: 'other-service-down' },
      { accept: [{ disruption: 'kill', store: 'notes', reason: 'r', until: '2099-01-01' }] },
      ['not-survived'],
    ],
    ['what nobody knows', unknownCell, {}, ['unknown']],
    ['data that nobody could read, of a service that is down', { ...deadCell, data: 'unknown' }, {}, ['not-survived']],
    [
      '… and what is unknown may be',
      { ...deadCell, outcome: 'unknown', data: 'unknown' },
      { unknown: 'allow' },
      ['not-survived'],
    ],
    [
      'data that nobody could read, of a service that should be down',
      { ...deadCell, outcome: 'unknown', data: 'unknown', expected: ['unavailable'] },
      {},
      ['unknown'],
    ],
    ['what did not run', { ...unknownCell, status: 'not-run' }, {}, ['not-tried']],
    ['what came through what it cannot', { ...goodCell, ok: false, expected: ['lost'] }, {}, ['unknown']],
    ['what the run has accepted, and the policy has not', { ...lostCell, acceptedBy: 'me' }, {}, ['not-survived']],
    ['a loss that has to be', required, {}, []],
    ['a loss that has to be, of what is to survive', required, NAMED, ['not-survived']],
    ['what this host cannot', absent('needs-host'), {}, ['not-tried']],
    ['what this host cannot, and is allowed', absent('needs-host'), { unknown: 'allow' }, []],
    ['what no backup promises', absent('not-in-backup'), {}, []],
    ['what this host cannot, and is asked for', absent('needs-host'), NAMED, ['not-tried']],
    ['what no backup promises, and is asked for', absent('not-in-backup'), NAMED, ['not-tried']],
    ['what has no meaning anywhere', absent('needs-build'), { survive: [{ disruptions: ['restart', 'kill'] }] }, []],
    ['what has no meaning anywhere, and nothing else', absent('needs-build'), NAMED, ['not-tried']],
    ['a slow one, and nobody minds', { ...goodCell, rtoMs: 1e9 }, {}, []],
    ['a slow one', { ...goodCell, rtoMs: 30_001 }, { rto: '30s' }, ['too-slow']],
    ['one that is just in time', { ...goodCell, rtoMs: 30_000 }, { rto: '30s' }, []],
    ['one that nobody has timed', { ...goodCell, rtoMs: null }, { rto: '30s' }, ['unknown']],
    ['a loss that has to be takes no time', { ...required, rtoMs: null }, { rto: '30s' }, []],
    ['what nobody knows, where that is allowed', unknownCell, { unknown: 'allow' }, []],
    ['what did not run, where that is allowed', { ...unknownCell, status: 'not-run' }, { unknown: 'allow' }, []],
    ['a loss, where anything may be unknown', lostCell, { unknown: 'allow' }, ['not-survived']],
    ['what is not asked for', lostCell, { survive: [{ disruptions: ['kill'] }] }, []],
    [
      'a store that is not asked for',
      lostCell,
      { survive: [{ stores: ['others'] }] },
      BY_DEFAULT.map(() => 'not-tried'),
    ],
    ['a loss that is accepted', lostCell, { accept: [{ disruption: 'restart', store: 'notes', ...UNTIL }] }, []],
    [
      'a delay that is accepted',
      { ...goodCell, rtoMs: 31_000 },
      { rto: '30s', accept: [{ disruption: 'restart', store: 'notes', ...UNTIL }] },
      [],
    ],
    [
      'a loss where another is accepted',
      lostCell,
      { accept: [{ disruption: 'kill', store: 'notes', ...UNTIL }] },
      ['not-survived'],
    ],
    [
      'a loss of another store than is accepted',
      lostCell,
      { accept: [{ disruption: 'restart', store: 'cache', ...UNTIL }] },
      ['not-survived'],
    ],
    [
      'what nobody knows, and is accepted',
      unknownCell,
      { accept: [{ disruption: 'restart', store: 'notes', ...UNTIL }] },
      ['unknown'],
    ],
  ] as const)('%s', ([, cell, policy, codes]) => {
    expect(codesOf(reportWith(cell), policy as Partial<GatePolicy>)).toEqual(codes);
  });

  test('a disruption that is missing, of what runs by default', () => {
    const cells = SOUND.cells.filter(({ disruption }) => disruption !== 'reboot');
    expect(decided({ ...SOUND, cells }).reasons).toEqual([
      { code: 'not-tried', text: 'notes after reboot: not tried' },
    ]);
  });

  test('a store of the configuration that is missing', () => {
    expect(codesOf(SOUND, {}, {}, ['notes', 'new'])).toEqual(BY_DEFAULT.map(() => 'not-tried'));
  });

  test('what ran besides', () => {
    const cells = [...SOUND.cells, { ...lostCell, disruption: 'restore' }];
    expect(codesOf({ ...SOUND, cells })).toEqual(['not-survived']);
  });

  test('the worse of two hosts', () => {
    expect(codesOf({ ...SOUND, cells: [...SOUND.cells, { ...lostCell, disruption: 'kill' }] })).toEqual([
      'not-survived',
    ]);
  });

  test('a run that did not end whole', () => {
    expect(codesOf({ ...SOUND, verdict: 'inconclusive' })).toEqual(['unknown']);
  });

  test('a report in which nothing ran, even where anything may be unknown', () => {
    expect(decided({ ...SOUND, cells: [] }, { unknown: 'allow' }).reasons).toEqual([
      { code: 'not-tried', text: 'nothing was tried' },
    ]);
  });

  const blind = SOUND.cells.map((each) => ({ ...unknownCell, disruption: each.disruption, store: each.store }));
  test.for([
    ['all of it', blind, {}],
    ['all that is asked for', [...blind, { ...goodCell, disruption: 'prune' }], NAMED],
    ['the service of all of it', blind.map((each) => ({ ...each, data: 'survived' as const })), {}],
    ['the data of all of it', blind.map((each) => ({ ...each, outcome: 'unavailable' as const })), {}],
    [
      'what ran of it, and the rest was not tried',
      blind.map((each, index) => (index === 0 ? each : { ...each, status: 'not-run' as const })),
      {},
    ],
  ] as const)('a report of which nothing is known, even where anything may be unknown: %s', ([, cells, policy]) => {
    expect(decided({ ...SOUND, cells }, { ...policy, unknown: 'allow' })).toMatchObject({
      decision: 'refused',
      reasons: [{ code: 'unknown', text: 'nothing was proven: of all that was tried nothing is known' }],
    });
  });

  test('but one of which something is', () => {
    const cells = [...blind.slice(1), { ...goodCell, store: 'notes' }];
    expect(codesOf({ ...SOUND, cells }, { unknown: 'allow' })).toEqual([]);
  });

  test('a report in which nothing ran of what is asked for', () => {
    const survive: GatePolicy['survive'] = [{ disruptions: ['restore'] }];
    expect(codesOf(SOUND, { survive, unknown: 'allow' })).toEqual(['not-tried']);
  });

  test('a store that the report has in its cells alone', () => {
    expect(codesOf(reportWith(lostCell, { stores: [] }), { survive: [{}] })).toContain('not-survived');
  });

  const finding = {
    rule: 'tmpfs-data',
    severity: 'warning',
    service: 'app',
    file: 'compose.yaml',
    line: 3,
    title: 'In memory',
  } as const;
  test.for([
    ['not a warning, by default', {}, []],
    ['a warning, where warnings do', { findings: 'warning' }, ['finding']],
    ['a warning, where anything does', { findings: 'info' }, ['finding']],
    ['nothing, where nothing does', { findings: 'none' }, []],
    ['nothing of an accepted rule', { findings: 'warning', accept: [{ rule: 'tmpfs-data', ...UNTIL }] }, []],
    [
      'nothing of a rule accepted for the service',
      { findings: 'warning', accept: [{ rule: 'tmpfs-data', service: 'app', ...UNTIL }] },
      [],
    ],
    [
      'a rule accepted for another service',
      { findings: 'warning', accept: [{ rule: 'tmpfs-data', service: 'db', ...UNTIL }] },
      ['finding'],
    ],
    [
      'another rule than is accepted',
      { findings: 'warning', accept: [{ rule: 'short-stop-grace', ...UNTIL }] },
      ['finding'],
    ],
  ] as const)('of findings: %s', ([, policy, codes]) => {
    expect(codesOf({ ...SOUND, findings: [finding] }, policy as unknown as Partial<GatePolicy>)).toEqual(codes);
  });

  test('names the place, and what was accepted until when', () => {
    const report = { ...reportWith(lostCell), findings: [finding] };
    const accept = [{ disruption: 'restart', store: 'notes', ...UNTIL }] as GatePolicy['accept'];
    expect(decided(report, { findings: 'warning', accept })).toEqual({
      decision: 'refused',
      reasons: [{ code: 'finding', text: 'warning tmpfs-data at compose.yaml:3: In memory' }],
      accepted: [{ what: 'notes after restart: lost', ...UNTIL }],
    });
  });

  test('the worst comes first', () => {
    const cells = [unknownCell, { ...goodCell, disruption: 'kill', rtoMs: 1e6 }, lostCell].map((cell) => ({
      ...cell,
      store: 'notes',
    }));
    const codes = codesOf({ ...SOUND, cells, findings: [{ ...finding, severity: 'error' }] }, { rto: '1s', age: '7d' });
    expect([...new Set(codes)]).toEqual(REFUSALS);
  });
});

describe('for any report and any policy', () => {
  const disruption = fc.constantFrom(...(['restart', 'down-up', 'reboot', 'down-volumes', 'restore'] as const));
  const store = fc.constantFrom('notes', 'cache');
  const cell = fc.record({
    disruption,
    store,
    status: fc.constantFrom('ran', 'not-run', 'not-applicable'),
    outcome: fc.constantFrom(...OUTCOMES),
    data: fc.constantFrom('lost', 'corrupt', 'stale', 'hidden', 'unknown', 'survived'),
    service: fc.constantFrom('unknown', 'unavailable', 'unwritable', 'up'),
    expected: fc.subarray([...OUTCOMES]),
    ok: fc.boolean(),
    acceptedBy: fc.constantFrom(null, 'me'),
    reason: fc.constantFrom(null, ...(Object.keys(REASONS) as Reason[])),
    rtoMs: fc.option(fc.nat(60_000)),
  });
  const report = fc.record({
    startedAt: fc
      .date({ min: new Date('2019-12-20'), max: new Date('2020-01-05'), noInvalidDate: true })
      .map((date) => date.toISOString()),
    verdict: fc.constantFrom('outlasts', 'loses', 'fails', 'inconclusive'),
    stack: fc.option(
      fc.constantFrom(STACK, { ...STACK, digest: 'x' }, { ...STACK, commit: null }, { ...STACK, dirty: true }),
    ),
    stores: fc.subarray([{ id: 'notes' }, { id: 'cache' }]),
    cells: fc.array(cell, { maxLength: 12 }),
    findings: fc.array(
      fc.record({
        rule: fc.constantFrom('tmpfs-data', 'short-stop-grace'),
        severity: fc.constantFrom('error', 'warning', 'info'),
        service: fc.option(fc.constantFrom('app', 'db')),
        file: fc.constant(null),
        line: fc.constant(null),
        title: fc.string(),
      }),
      { maxLength: 3 },
    ),
  }) as fc.Arbitrary<Tested>;
  const until = fc.constantFrom('2020-01-01', '2020-01-02', '2021-01-01');
  const exception = fc.oneof(
    fc.record({ disruption, store, reason: fc.constant('r'), until }),
    fc.record({ rule: fc.constantFrom('tmpfs-data', 'short-stop-grace'), reason: fc.constant('r'), until }),
  );
  const policy = fc.record(
    {
      survive: fc.array(
        fc.record(
          {
            disruptions: fc.uniqueArray(disruption, { minLength: 1 }),
            stores: fc.uniqueArray(store, { minLength: 1 }),
          },
          { requiredKeys: [] },
        ),
        { minLength: 1, maxLength: 2 },
      ),
      findings: fc.constantFrom('error', 'warning', 'info', 'none'),
      rto: fc.constantFrom('10s', '30s'),
      age: fc.constantFrom('1d', '7d'),
      unknown: fc.constantFrom('refuse', 'allow'),
      accept: fc.array(exception, { maxLength: 3 }),
    },
    { requiredKeys: ['findings', 'age', 'unknown', 'accept'] },
  ) as unknown as fc.Arbitrary<GatePolicy>;

  const counterexample = (holds: (report: Tested, policy: GatePolicy) => boolean) =>
    fc.check(fc.property(report, policy, holds), { numRuns: 2000 }).counterexample;
  /** Of a report that would be looked at. */
  const admitted = (of: Tested): Tested => ({ ...of, stack: STACK, startedAt: '2020-01-01T12:00:00.000Z' });

  test('allowed says no reason, and refused says one', () => {
    expect(
      counterexample((of, by) => {
        const { decision, reasons } = decide(of, by, NOW, HERE);
        return (decision === 'allowed') === (reasons.length === 0);
      }),
    ).toBeNull();
  });

  test('it is either of another, or not good enough', () => {
    expect(
      counterexample((of, by) => {
        const faults = decide(of, by, NOW, HERE).reasons.filter(({ code }) =>
          (FAULTS as readonly string[]).includes(code),
        );
        return faults.length === 0 || faults.length === decide(of, by, NOW, HERE).reasons.length;
      }),
    ).toBeNull();
  });

  test('what the run has accepted changes nothing', () => {
    expect(
      counterexample((of, by) => {
        const without = { ...of, cells: of.cells.map((each) => ({ ...each, acceptedBy: null })) };
        // The verdict of a whole run follows from its cells.
        const whole = { verdict: 'loses' } as const;
        return (
          JSON.stringify(decide({ ...of, ...whole }, by, NOW, HERE)) ===
          JSON.stringify(decide({ ...without, ...whole }, by, NOW, HERE))
        );
      }),
    ).toBeNull();
  });

  test('what is unknown refuses unless it is allowed', () => {
    let seen = 0;
    expect(
      counterexample((of, by) => {
        const strict: GatePolicy = { ...current(by), unknown: 'refuse', survive: undefined };
        const unknown = of.cells.some(
          ({ status, outcome }) => status === 'not-run' || (status === 'ran' && outcome === 'unknown'),
        );
        if (unknown) seen++;
        return !unknown || !allowed(admitted(of), strict, NOW, HERE);
      }),
    ).toBeNull();
    expect(seen).toBeGreaterThan(100);
  });

  test('nothing is allowed of which nothing was seen', () => {
    expect(
      counterexample(
        (of, by) =>
          of.cells.some(
            ({ status, data, outcome }) => status === 'ran' && data !== 'unknown' && outcome !== 'unknown',
          ) || !allowed(of, by, NOW, HERE),
      ),
    ).toBeNull();
  });

  test('one more loss never helps, one more exception never hurts', () => {
    let seen = 0;
    expect(
      counterexample((of, by) => {
        const [tested, asked] = [admitted(of), current(by)];
        const lost = { ...lostCell, disruption: 'restart', store: 'notes' };
        const more: GatePolicy = {
          ...asked,
          accept: [...asked.accept, { disruption: 'restart', store: 'notes', ...UNTIL }],
        };
        const before = allowed(tested, asked, NOW, HERE);
        if (before) seen++;
        const worse = allowed({ ...tested, cells: [...tested.cells, lost], verdict: 'loses' }, asked, NOW, HERE);
        // An accepted loss is something that was seen.
        const taken = asked.accept.some((each) => each.disruption === 'restart' && each.store === 'notes');
        return (
          (before || !worse || taken || tested.verdict === 'inconclusive') &&
          (!before || allowed(tested, more, NOW, HERE))
        );
      }),
    ).toBeNull();
    expect(seen).toBeGreaterThan(20);
  });

  test('a day later it is not allowed where it was refused for its age or an exception', () => {
    expect(
      counterexample((of, by) => {
        const later = new Date(NOW.getTime() + 86_400_000);
        const codes = decide(of, by, NOW, HERE).reasons.map(({ code }) => code);
        const stays =
          codes.includes('EXCEPTION_EXPIRED') || (codes.includes('REPORT_TOO_OLD') && of.startedAt < NOW.toISOString());
        return !stays || !allowed(of, by, later, HERE);
      }),
    ).toBeNull();
  });
});

test('a report is what is looked at', () => {
  expect(decided(makeReport(fullReport())).reasons.map(({ code }) => code)).toContain('REPORT_OTHER_STACK');
});
