import { performance } from 'node:perf_hooks';
import type { Backup, BackupCommand } from '../config/backup.ts';
import type { Disruption } from '../disruptions/disruption.ts';
import { attestMachine } from '../stack/attestation.ts';
import { compareFacts, unproven, type Fact } from '../stack/proof.ts';
import type { Placement } from '../stack/layers.ts';
import { RunningStack } from '../stack/stack.ts';
import type { StoreDefinition } from '../stores/store.ts';
import { judge } from '../verdict/judge.ts';
import type { Judgement, Reason } from '../verdict/model.ts';
import { expectRestored, type BackupSpan } from '../verdict/restored.ts';
import { BackupCarrier } from './backup.ts';
import type { OwnProject } from './matrix.ts';
import { judgedCell } from './judged-cell.ts';
import { findOutages, NO_OUTAGES, type Outages } from './outages.ts';
import type { CellRecord, Evidence } from './record.ts';
import { timelineOf } from './timeline.ts';
import {
  attemptsOf,
  enter,
  observeAll,
  placements,
  stepEvidence,
  writeEpoch,
  type Phase,
  type ScenarioSetting,
  type Seen,
} from './scenario.ts';
import { Writer } from './writer.ts';

export interface RestoreOptions {
  readonly backup: Backup;
  /** Outside of the stack: the backup lies there between the two. */
  readonly workFolder: string;
  /** Called once everything of the source is gone. */
  readonly openPlace: () => Promise<OwnProject>;
}

/** How many rows are written and removed again before the backup. */
const REMOVED = 3;

/** Nothing can be judged any more. */
class Halt extends Error {
  readonly reason: Reason;

  constructor(reason: Reason, message: string, cause?: unknown) {
    super(message, { cause });
    this.reason = reason;
  }
}

/** One restore on its way. */
interface Course {
  /** With the stores that the backup promises, and no other. */
  readonly setting: ScenarioSetting;
  readonly disruption: Disruption;
  readonly options: RestoreOptions;
  readonly carrier: BackupCarrier;
  readonly epoch: number;
  readonly onPhase: (phase: Phase) => void;
  /** What was done so far, for every cell. */
  readonly evidence: Evidence[];
  /** On the clock of `performance.now()`. */
  readonly startedAt: number;
}

/**
 * Back up under load, poison, destroy, restore into a blank place, read, judge.
 * @param epoch of the rows that the backup is judged by; the next one is that of the decoys. Nothing of the stack is left afterwards.
 * @returns a cell for each store that the backup promises. A failure on the way is an `unknown` with its reason, never a throw; only an abort throws.
 */
export async function runRestore(
  all: ScenarioSetting,
  disruption: Disruption,
  options: RestoreOptions,
  epoch: number,
  onPhase: (phase: Phase) => void = () => {},
): Promise<CellRecord[]> {
  const startedAt = performance.now();
  const setting = { ...all, stores: all.stores.filter(({ id }) => options.backup.stores.includes(id)) };
  const carrier = new BackupCarrier(options.backup, options.workFolder);
  const evidence: Evidence[] = [];
  const course: Course = { setting, disruption, options, carrier, epoch, onPhase, evidence, startedAt };
  const findings = await follow(course).finally(async () => carrier.forget());
  return setting.stores.map((store) => cellOf(course, store, findings));
}

/** What there is to judge by; `null`: it did not come that far. */
interface Findings {
  readonly span: BackupSpan | null;
  readonly disaster: Disaster | null;
  readonly recovery: Recovery | null;
  readonly halt: Reason | null;
}

async function follow(course: Course): Promise<Findings> {
  const { evidence, options, setting } = course;
  let span: BackupSpan | null = null;
  let disaster: Disaster | null = null;
  try {
    course.onPhase('write');
    const { take } = options.backup;
    span = take ? await backUp(course, take) : { beganAt: -1, endedAt: -1, decoyEpoch: course.epoch + 1 };
    await poison(course);
    disaster = await destroy(course);
    return { span, disaster, recovery: await recover(course, disaster), halt: null };
  } catch (error) {
    setting.signal.throwIfAborted();
    evidence.push({ kind: 'note', text: error instanceof Halt ? error.message : String(error) });
    return { span, disaster, recovery: null, halt: error instanceof Halt ? error.reason : 'checker-failed' };
  }
}

/** Rows before, under load during, and after the stack's own backup; some that are deleted before. */
async function backUp(course: Course, take: BackupCommand): Promise<BackupSpan> {
  const { setting, carrier, epoch, evidence } = course;
  const { stack, stores, ledger, markers, signal } = setting;
  const probes = await enter(setting);
  const writers = stores.flatMap((store) => {
    const probe = probes.get(store.service);
    return probe ? [new Writer(setting, store, probe, epoch)] : [];
  });
  const all = async (work: (writer: Writer) => Promise<void>): Promise<unknown> => Promise.all(writers.map(work));

  await all(async (writer) => writer.write(markers));
  await all(async (writer) => writer.writeAndRemove(REMOVED));
  await carrier.prepare(stack);
  await all(async (writer) => writer.start());
  const beganAt = ledger.mark('backup-began');
  const step = await carrier
    .take(stack.project, take, signal)
    .finally(async () => all(async (writer) => writer.stop()));
  const endedAt = ledger.mark('backup-ended');
  evidence.push(stepEvidence(step));
  if (step.exitCode !== 0) throw new Halt('backup-failed', `the backup command ended with exit ${step.exitCode}`);
  for (const text of await carrier.settle(stack)) evidence.push({ kind: 'note', text });
  await all(async (writer) => writer.write(markers));
  return { beganAt, endedAt, decoyEpoch: epoch + 1 };
}

/** Plants rows that no backup can hold; then the backup leaves the stack. */
async function poison({ setting, carrier, epoch, evidence }: Course): Promise<void> {
  const { stack } = setting;
  await writeEpoch(setting, await enter(setting), epoch + 1);
  await stack.leave();
  const text = await carrier.carryOut(stack).catch((cause: unknown) => {
    throw new Halt('backup-failed', `the backup cannot be carried out of the stack: ${String(cause)}`, cause);
  });
  evidence.push({ kind: 'note', text });
}

interface Disaster {
  readonly facts: readonly Fact[];
  readonly placed: ReadonlyMap<string, Placement>;
  /** On the clock of `performance.now()`. */
  readonly at: number;
  readonly endedAt: number;
  /** What of the source is still there. */
  readonly remains: readonly string[];
}

async function destroy({ setting, disruption, onPhase, evidence }: Course): Promise<Disaster> {
  const { stack, stores, signal } = setting;
  const { host } = stack.project;
  const placed = await placements(stack, stores);
  const facts = [...(await stack.attest()), await attestMachine(host)];
  onPhase('inject');
  const at = performance.now();
  const steps = await disruption.inject({ host, stack, signal });
  evidence.push(...steps.map(stepEvidence));
  return { facts, placed, at, endedAt: performance.now(), remains: await stack.project.remains() };
}

interface Recovery {
  readonly host: string;
  readonly facts: readonly Fact[];
  readonly seen: ReadonlyMap<string, Seen>;
  readonly restored: boolean;
  readonly outages: Outages;
  /** When the restore had ended, and when the services were ready; on the clock of `performance.now()`. */
  readonly restoredAt: number;
  readonly readyAt: number;
}

/** The stack's own restore in a blank place: what it depends on, the backup, the command, then everything. */
async function recover(course: Course, before: Disaster): Promise<Recovery> {
  const { setting, disruption, options, carrier, epoch, onPhase, evidence } = course;
  const { signal, timeoutMs, stores } = setting;
  await using place = await options.openPlace().catch((cause: unknown) => {
    throw new Halt('stack-failed', `there is no blank place to restore to: ${String(cause)}`, cause);
  });
  const { project } = place;
  const stack = new RunningStack(project);
  const compose = async (...args: string[]): Promise<void> => {
    const { exitCode, stderr } = await project.compose(args, signal);
    const output = stderr.trim().split('\n').slice(-5).join('\n');
    evidence.push(stepEvidence({ command: `docker compose ${args.join(' ')}`, exitCode, output }));
  };

  await compose('up', '--no-start', '--no-build');
  const { restore } = options.backup;
  const first = [...restore.depends_on, ...('exec' in restore ? [restore.exec] : [])];
  if (first.length > 0) {
    await compose('up', '-d', '--no-build', ...first);
    for (const [service, state] of await stack.ready(timeoutMs, signal, first))
      if (state !== 'up') evidence.push({ kind: 'note', text: `${service} is ${state} before the restore` });
  }
  await carrier.carryIn(stack).catch((cause: unknown) => {
    throw new Halt('restore-failed', `the backup cannot be laid into the new place: ${String(cause)}`, cause);
  });
  const step = await carrier.restore(project, signal);
  evidence.push(stepEvidence(step));
  await compose('up', '-d', '--no-build');

  onPhase('ready');
  const restoredAt = performance.now();
  const states = await stack.ready(timeoutMs, signal);
  const facts = [...(await stack.attest()), await attestMachine(project.host)];
  const outages = await findOutages(stack, stores, before.facts, states);
  onPhase('read');
  const readyAt = performance.now();
  const probes = await enter({ stack, stores, signal });
  const after = await placements(stack, stores);
  const surroundings = { states, probes, identities: new Map(), after, epoch };
  const seen = await observeAll({ ...setting, stack }, disruption, surroundings);
  await stack.leave();
  return {
    host: project.host.id,
    facts,
    seen: new Map(stores.map((store, index) => [store.id, seen[index] as Seen])),
    restored: step.exitCode === 0,
    outages,
    restoredAt,
    readyAt,
  };
}

function cellOf(course: Course, store: StoreDefinition, findings: Findings): CellRecord {
  const { setting, disruption } = course;
  const { span, disaster, recovery, halt } = findings;
  const missing = disaster ? missingProof(disruption, disaster, recovery) : [];
  const saw = recovery?.seen.get(store.id);
  const expectation = span && expectRestored([...attemptsOf(setting, store, course.epoch)], span);
  const judgement = judge(expectation?.attempts ?? [], {
    rows: saw?.rows ?? null,
    readFailure: halt ?? saw?.readFailure ?? null,
    baseline: setting.baselines.get(store.id) ?? new Set(),
    forbidden: expectation?.forbidden ?? new Map(),
    // A volume that still exists is no excuse: a restore is there to do without it.
    sourceReplaced: false,
    integrity: saw?.integrity ?? null,
    service: saw?.service ?? 'unknown',
    serviceReason: saw?.serviceReason ?? halt,
    proven: missing.length === 0 && recovery?.restored === true,
  });
  const was = disaster?.placed.get(store.id);
  const outages = recovery?.outages ?? NO_OUTAGES;
  const host = recovery?.host ?? setting.stack.project.host.id;
  const judged = judgedCell(disruption, store, host, was, judgement, saw?.explained === true, outages);
  return {
    ...judged,
    reason: reasonOf(course, judged, recovery),
    // What a backup loses is what came after it: that depends on how often it is taken, not on the restore.
    rpoMs: null,
    rtoMs: disaster && saw?.rows ? Math.round(saw.readAt - disaster.at) : null,
    durationMs: Math.round(performance.now() - course.startedAt),
    timeline: timelineOf(
      [
        ['write', course.startedAt],
        ['inject', disaster?.at ?? null],
        ['restore', disaster?.endedAt ?? null],
        ['ready', recovery?.restoredAt ?? null],
        ['read', recovery?.readyAt ?? null],
        ['judge', saw?.rows ? saw.readAt : null],
      ],
      performance.now(),
    ),
    proof: compareFacts(disaster?.facts ?? [], recovery?.facts ?? []),
    evidence: [
      ...course.evidence,
      ...missing.map((text): Evidence => ({ kind: 'note', text: `not proven: ${text}` })),
      ...(expectation ? [{ kind: 'rows' as const, text: inWords(expectation.counts) }] : []),
      ...(saw ? seenEvidence(saw, judgement) : []),
      ...outages.evidence,
    ],
  };
}

function missingProof({ claims }: Disruption, { facts, remains }: Disaster, recovery: Recovery | null): string[] {
  const unlike = recovery ? unproven(facts, recovery.facts, claims) : [];
  return [...remains.map((what) => `${what} was not removed`), ...unlike];
}

function reasonOf(
  { options }: Course,
  { outcome, reason }: Pick<Judgement, 'outcome' | 'reason'>,
  recovery: Recovery | null,
): Reason | null {
  if (recovery?.restored === false && outcome !== 'survived') return 'restore-failed';
  return reason === 'no-markers' && options.backup.file !== undefined ? 'nothing-to-compare' : reason;
}

function inWords(counts: Readonly<Record<string, number>>): string {
  return `rows by when they were written: ${Object.entries(counts)
    .map(([relation, count]) => `${count} ${relation}`)
    .join(', ')}`;
}

function seenEvidence({ integrity, notes }: Seen, { firstLost }: Judgement): Evidence[] {
  return [
    ...(integrity
      ? [{ kind: 'integrity' as const, text: `${integrity.ok ? 'ok' : 'not ok'}: ${integrity.detail}` }]
      : []),
    ...(firstLost.length > 0
      ? [{ kind: 'rows' as const, text: `the first lost or changed rows: ${firstLost.join(', ')}` }]
      : []),
    ...notes.map((text) => ({ kind: 'note' as const, text })),
  ];
}
