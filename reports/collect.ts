import { OUTCOMES, UNMEASURED, type Reason } from '../helpers/verdict/model.ts';
import { keyOf } from './contradictions.ts';
import type { Report, ReportCell, ReportClaim, ReportControl, ReportHost, ReportStack, ReportStore } from './model.ts';
import { type PersistenceMeta, readMeta } from './persistence-meta.ts';

/** One test and what it handed over; a line of the crash-safe file. */
export interface TestRecord {
  readonly id: string;
  readonly name: string;
  readonly module: string;
  readonly state: 'passed' | 'failed' | 'skipped' | 'pending';
  readonly retried: boolean;
  /** Must this test bring evidence? */
  readonly watched: boolean;
  readonly error: string | null;
  readonly meta: unknown;
}

export type Collected = Pick<Report, 'stack' | 'hosts' | 'stores' | 'cells' | 'claims' | 'controls'>;

/** Gathers what the tests handed over. A test that did not simply pass vouches for nothing. */
export function collect(tests: readonly TestRecord[]): Collected {
  const hosts = new Map<string, ReportHost>();
  const stores = new Map<string, ReportStore>();
  const cells: ReportCell[] = [];
  const claims: ReportClaim[] = [];
  const controls: ReportControl[] = [];
  let stack: ReportStack | null = null;
  for (const test of tests) {
    const meta = readMeta(test.meta);
    const doubt = doubtOf(test);
    if (meta !== null) {
      stack ??= meta.stack ?? null;
      for (const host of meta.hosts ?? []) hosts.set(host.id, host);
      for (const store of meta.stores ?? []) stores.set(store.id, store);
      cells.push(...(meta.cells ?? []).map((cell) => (doubt === null ? cell : doubtCell(cell, doubt))));
      claims.push(...(meta.claims ?? []).map((claim) => (doubt === null ? claim : doubtClaim(claim, doubt))));
      controls.push(...(meta.controls ?? []).map((each) => (doubt === null ? each : doubtControl(each, doubt))));
    }
    if (isMissing(test, meta)) cells.push(missingCell(test, doubt ?? missingDoubt(test)));
  }
  const known = cells.map((cell) =>
    stores.has(cell.store) && hosts.has(cell.host) ? cell : doubtCell(cell, OF_NOTHING),
  );
  return { stack, hosts: [...hosts.values()], stores: [...stores.values()], cells: once(known), claims, controls };
}

/** What several tests have seen of the same stands there once: the worst, with the evidence of all. */
function once(cells: readonly ReportCell[]): ReportCell[] {
  return [...Map.groupBy(cells, keyOf).values()].flatMap((same) => {
    const [worst] = same.toSorted((a, b) => rankOf(a) - rankOf(b));
    return worst === undefined ? [] : [{ ...worst, evidence: same.flatMap(({ evidence }) => evidence) }];
  });
}

function rankOf({ ok, outcome }: ReportCell): number {
  return ok ? OUTCOMES.length : OUTCOMES.indexOf(outcome);
}

/** Why a test cannot be believed. */
interface Doubt {
  readonly reason: Reason;
  readonly text: string;
}

const OF_NOTHING: Doubt = { reason: 'checker-failed', text: 'No test has told of this store, or of this host.' };
const NOTHING_BROUGHT: Doubt = { reason: 'checker-failed', text: 'The test handed over no evidence.' };
const NOT_UNDERSTOOD: Doubt = { reason: 'checker-failed', text: 'What the test handed over is not understood.' };

function doubtOf(test: TestRecord): Doubt | null {
  if (test.retried) return { reason: 'checker-failed', text: 'The test was retried; its evidence may be mixed.' };
  switch (test.state) {
    case 'passed':
      return null;
    case 'failed':
      return { reason: 'checker-failed', text: `The test failed: ${test.error ?? 'no message'}` };
    case 'skipped':
      return { reason: 'needs-host', text: `The test was skipped: ${test.error ?? 'no note'}` };
    case 'pending':
      return { reason: 'interrupted', text: 'The test did not finish.' };
    default:
      return test.state satisfies never;
  }
}

/**
 * Meta that is not understood is never ignored. A test that passed may hand over `{}`: it has nothing to report.
 * One that failed with it never got as far as its evidence.
 */
function isMissing(test: TestRecord, meta: PersistenceMeta | null): boolean {
  if (meta === null && test.meta !== undefined) return true;
  if (!test.watched && meta === null) return false;
  if (test.state === 'passed') return meta === null;
  return (meta?.cells ?? meta?.claims ?? meta?.controls ?? []).length === 0;
}

function missingDoubt(test: TestRecord): Doubt {
  return test.meta === undefined ? NOTHING_BROUGHT : NOT_UNDERSTOOD;
}

/** A bad cell stands; a good one is no longer vouched for. */
function doubtCell(cell: ReportCell, { reason, text }: Doubt): ReportCell {
  if (!cell.ok || cell.status !== 'ran') return cell;
  const evidence = [...cell.evidence, { kind: 'note' as const, text }];
  return { ...cell, outcome: 'unknown', data: 'unknown', service: 'unknown', ok: false, reason, evidence };
}

function doubtClaim(claim: ReportClaim, { text }: Doubt): ReportClaim {
  if (claim.verdict === 'refuted') return claim;
  return { ...claim, verdict: 'unknown', evidence: [...claim.evidence, { kind: 'note', text }] };
}

function doubtControl(control: ReportControl, { reason }: Doubt): ReportControl {
  return control.caught ? { ...control, outcome: 'unknown', caught: false, reason } : control;
}

/** Stands for a test that should have brought evidence. */
function missingCell(test: TestRecord, { reason, text }: Doubt): ReportCell {
  return {
    ...UNMEASURED,
    disruption: test.name,
    store: '-',
    host: '-',
    status: test.state === 'skipped' || test.state === 'pending' ? 'not-run' : 'ran',
    ok: false,
    reason,
    evidence: [{ kind: 'note', text: `${test.module}: ${text}` }],
  };
}
