import { performance } from 'node:perf_hooks';
import type { Disruption, Step } from '../disruptions/disruption.ts';
import type { Probe } from '../probe/probe.ts';
import { compareFacts, unproven, type Fact } from '../stack/attestation.ts';
import { placementOf, type Placement } from '../stack/layers.ts';
import type { RunningStack, ServiceState } from '../stack/stack.ts';
import type { StoreDefinition } from '../stores/store.ts';
import { acceptable } from '../verdict/expectation.ts';
import { judge } from '../verdict/judge.ts';
import type { Ledger } from '../verdict/ledger.ts';
import { makeMarker } from '../verdict/marker.ts';
import type { Observation, Outcome, ReadRow, Reason, ServiceVerdict } from '../verdict/model.ts';
import type { CellRecord, Evidence } from './record.ts';

/** What a run holds on to from one disruption to the next. */
export interface ScenarioSetting {
  readonly stack: RunningStack;
  readonly stores: readonly StoreDefinition[];
  readonly ledger: Ledger;
  readonly seed: string;
  /** Differs for each fresh stack, so that its rows are told from those of the one before. */
  readonly nonce: string;
  /** Rows that stood in each store before the first marker. */
  readonly baselines: ReadonlyMap<string, ReadonlySet<string>>;
  /** Rows written to each store before a disruption. */
  readonly markers: number;
  /** How long services may take to come back, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export type Phase = 'write' | 'inject' | 'ready' | 'read';

/**
 * Write, attest, disrupt, attest, wait until ready, read, judge.
 * @param epoch counts the disruptions on this stack; the markers of all earlier epochs are read again.
 * @returns a cell for each store. A failure on the way is an `unknown` with its reason, never a throw; only an abort throws.
 */
export async function runScenario(
  setting: ScenarioSetting,
  disruption: Disruption,
  epoch: number,
  onPhase: (phase: Phase) => void = () => {},
): Promise<CellRecord[]> {
  const { stack, stores, signal } = setting;
  const started = performance.now();

  onPhase('write');
  await writeEpoch(setting, await enter(setting), epoch);
  const before = await placements(stack, stores);
  await stack.leave();
  const factsBefore = await stack.attest();

  onPhase('inject');
  const injected = performance.now();
  const injection = await inject(setting, disruption);

  onPhase('ready');
  const states = await stack.ready(setting.timeoutMs, signal).catch((error: unknown) => {
    signal.throwIfAborted();
    injection.failure ??= String(error);
    return new Map<string, ServiceState>();
  });
  const factsAfter = await stack.attest().catch((): Fact[] => []);
  const proof = compareFacts(factsBefore, factsAfter);
  const built = new Set(stack.project.built);
  const subjects = (fact: Fact): boolean =>
    disruption.needs !== 'build' || built.has(fact.subject) || !isOfService(fact);
  const missing = unproven(factsBefore, factsAfter, disruption.claims, subjects);

  onPhase('read');
  const revived = await revive(setting, states);
  const after = await placements(stack, stores).catch(() => new Map<string, Placement>());
  const probes = await enter(setting);
  const seen = await Promise.all(
    stores.map(async (store) => {
      const observed = await observe(setting, store, probes, states.get(store.service), epoch);
      return { ...observed, rtoMs: observed.rows === null ? null : Math.round(observed.readAt - injected) };
    }),
  );

  return Promise.all(
    stores.map(async (store, index): Promise<CellRecord> => {
      const saw = seen[index] as (typeof seen)[number];
      const was = before.get(store.id);
      const observation: Observation = {
        rows: saw.rows,
        readFailure: saw.readFailure,
        baseline: setting.baselines.get(store.id) ?? new Set(),
        sourceReplaced: was !== undefined && (await isReplaced(stack, was, after.get(store.id))),
        integrity: saw.integrity,
        service: saw.service,
        serviceReason: saw.serviceReason,
        proven: missing.length === 0,
      };
      const attempts = setting.ledger
        .attempts(store.id)
        .filter(
          ({ marker }) =>
            marker.id.startsWith(`o-${setting.nonce}-`) && !(marker.epoch === epoch && marker.seq === CANARY),
        );
      const judgement = judge(attempts, observation);
      const expected = was ? disruption.expected(was.layer) : ['survived' as const];
      const predicted: Outcome | null = was ? disruption.effect[was.layer] : null;
      const borrowed = judgement.outcome === 'survived' && was?.layer === 'container';
      return {
        disruption: disruption.id,
        store: store.id,
        host: stack.project.host.id,
        status: 'ran',
        predicted,
        outcome: judgement.outcome,
        data: judgement.data,
        service: judgement.service,
        expected,
        ok: acceptable(judgement.outcome, expected),
        acceptedBy: null,
        reason: borrowed ? 'borrowed-time' : judgement.reason,
        ...judgement.counts,
        rpoMs: judgement.rpoMs,
        rtoMs: saw.rtoMs,
        durationMs: Math.round(performance.now() - started),
        proof,
        evidence: evidenceOf(
          injection,
          [...missing.map((text) => `not proven: ${text}`), ...revived],
          saw,
          judgement.firstLost,
          was,
          after.get(store.id),
        ),
      };
    }),
  );
}

/** Number of the row that shows, after a disruption, that the store takes writes again. It is judged with the later epochs. */
const CANARY = 1_000_000;

interface Injection {
  readonly steps: readonly Step[];
  failure: string | null;
}

async function inject(setting: ScenarioSetting, disruption: Disruption): Promise<Injection> {
  const { stack, signal } = setting;
  try {
    const steps = await disruption.inject({ host: stack.project.host, stack, signal });
    return { steps, failure: null };
  } catch (error) {
    signal.throwIfAborted();
    return { steps: [], failure: String(error) };
  }
}

type Probes = ReadonlyMap<string, Probe>;

/** An agent in every service that has a store and can be entered. */
async function enter({ stack, stores, signal }: Pick<ScenarioSetting, 'stack' | 'stores' | 'signal'>): Promise<Probes> {
  const services = [...new Set(stores.map((store) => store.service))];
  const opened = await Promise.all(
    services.map(async (service) => {
      try {
        return [[service, await stack.probe(service, signal)]] as const;
      } catch {
        signal.throwIfAborted();
        return [];
      }
    }),
  );
  return new Map(opened.flat());
}

async function writeEpoch(setting: ScenarioSetting, probes: Probes, epoch: number): Promise<void> {
  await Promise.all(
    setting.stores.map(async (store) => {
      const probe = probes.get(store.service);
      if (!probe) return;
      for (let seq = 0; seq < setting.markers; seq++) {
        setting.signal.throwIfAborted();
        await writeMarker(setting, probe, store, epoch, seq);
      }
    }),
  );
}

/** The attempt stands in the ledger before the write begins, its end before the next one does. */
async function writeMarker(
  setting: ScenarioSetting,
  probe: Probe,
  store: StoreDefinition,
  epoch: number,
  seq: number,
): Promise<string> {
  const marker = makeMarker({ seed: setting.seed, nonce: setting.nonce, store: store.id, epoch, seq });
  setting.ledger.begin(store.id, marker);
  try {
    const end = await probe.write(store, marker);
    setting.ledger.end(store.id, marker, end);
    return end;
  } catch (error) {
    setting.signal.throwIfAborted();
    return String(error);
  }
}

interface Seen {
  readonly rows: readonly ReadRow[] | null;
  readonly readFailure: Reason | null;
  readonly integrity: Observation['integrity'];
  readonly service: ServiceVerdict;
  readonly serviceReason: Reason | null;
  /** On the clock of `performance.now()`. */
  readonly readAt: number;
  readonly notes: readonly string[];
}

async function observe(
  setting: ScenarioSetting,
  store: StoreDefinition,
  probes: Probes,
  state: ServiceState | undefined,
  epoch: number,
): Promise<Seen> {
  const probe = probes.get(store.service);
  const absent = { rows: null, readFailure: 'not-read', integrity: null, readAt: 0 } as const;
  if (state === undefined) {
    return { ...absent, service: 'unknown', serviceReason: 'host-died', notes: [] };
  }
  if (!probe) return { ...absent, service: 'unavailable', serviceReason: 'not-running', notes: [] };
  const notes: string[] = [];
  let rows: readonly ReadRow[] | null = null;
  try {
    rows = await probe.read(store);
  } catch (error) {
    setting.signal.throwIfAborted();
    notes.push(`read: ${String(error)}`);
  }
  const readAt = performance.now();
  const integrity = await probe.integrity(store).catch((error: unknown) => {
    notes.push(`integrity: ${String(error)}`);
    return null;
  });
  const read = { rows, readFailure: rows === null ? ('not-read' as const) : null, integrity, readAt, notes };
  if (state !== 'up') return { ...read, service: 'unavailable', serviceReason: state };

  const end = await writeMarker(setting, probe, store, epoch, CANARY);
  const writable = await probe.writable(store.path).catch((error: unknown) => String(error));
  if (end !== 'acknowledged') notes.push(`write: ${end}`);
  if (writable !== true)
    notes.push(`the main process cannot write ${store.path}${writable === false ? '' : `: ${writable}`}`);
  return end === 'acknowledged' && writable === true
    ? { ...read, service: 'up', serviceReason: null }
    : { ...read, service: 'unwritable', serviceReason: 'write-refused' };
}

/** Starts by hand what did not come back, so that its data can be read all the same. The verdict on the service stands. */
async function revive(
  { stack, stores, signal }: ScenarioSetting,
  states: ReadonlyMap<string, ServiceState>,
): Promise<string[]> {
  const down = [...new Set(stores.map((store) => store.service))].filter(
    (service) => states.get(service) === 'not-running',
  );
  if (down.length === 0) return [];
  await stack.project.compose(['start', ...down], signal);
  return down.map((service) => `${service} did not come back by itself; it was started by hand to read its data`);
}

/** Where each store lies now; a store whose service has no container is absent. */
export async function placements(
  stack: RunningStack,
  stores: readonly StoreDefinition[],
): Promise<Map<string, Placement>> {
  const named = stack.project.namedVolumes;
  const found = new Map<string, Placement>();
  const services = [...new Set(stores.map((store) => store.service))];
  const containers = new Map(
    await Promise.all(services.map(async (service) => [service, await stack.container(service)] as const)),
  );
  for (const store of stores) {
    const container = containers.get(store.service);
    if (container) found.set(store.id, placementOf(container, store.path, named));
  }
  return found;
}

/** Reads what stands in the stores before the first marker. */
export async function readBaselines(
  setting: Pick<ScenarioSetting, 'stack' | 'stores' | 'signal'>,
): Promise<Map<string, Set<string>>> {
  const probes = await enter(setting);
  const read = setting.stores.map(async (store) => {
    const rows = (await probes.get(store.service)?.read(store)) ?? [];
    return [store.id, new Set(rows.map((row) => row.id))] as const;
  });
  return new Map(await Promise.all(read));
}

async function isReplaced(stack: RunningStack, was: Placement, now: Placement | undefined): Promise<boolean> {
  if (now === undefined || was.source === now.source) return false;
  if (was.layer !== 'named-volume' && was.layer !== 'anonymous-volume') return false;
  return stack.project.host.docker
    .getVolume(was.source)
    .inspect()
    .then(
      () => true,
      () => false,
    );
}

function isOfService(fact: Fact): boolean {
  return fact.kind === 'container' || fact.kind === 'image' || fact.kind === 'started';
}

function evidenceOf(
  injection: Injection,
  notes: readonly string[],
  saw: Seen,
  firstLost: readonly string[],
  was: Placement | undefined,
  now: Placement | undefined,
): Evidence[] {
  const evidence: Evidence[] = injection.steps.map((step) => ({
    kind: 'command',
    text:
      step.exitCode === null || step.exitCode === 0
        ? step.command
        : `${step.command} → exit ${step.exitCode}\n${step.output}`,
  }));
  if (injection.failure !== null) evidence.push({ kind: 'note', text: `the disruption failed: ${injection.failure}` });
  for (const text of notes) evidence.push({ kind: 'note', text });
  if (saw.integrity)
    evidence.push({ kind: 'integrity', text: `${saw.integrity.ok ? 'ok' : 'not ok'}: ${saw.integrity.detail}` });
  if (firstLost.length > 0)
    evidence.push({ kind: 'rows', text: `the first lost or changed rows: ${firstLost.join(', ')}` });
  if (was && now && was.source !== now.source) {
    evidence.push({
      kind: 'note',
      text: `the bytes were on ${was.layer} ${was.source}, the path is now on ${now.layer} ${now.source}`,
    });
  }
  for (const text of saw.notes) evidence.push({ kind: 'note', text });
  return evidence;
}
