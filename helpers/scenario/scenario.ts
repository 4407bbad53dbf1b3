import { performance } from 'node:perf_hooks';
import type { Disruption, Step } from '../disruptions/disruption.ts';
import { OutlastError } from '../errors.ts';
import type { Identity } from '../probe/identity.ts';
import type { Probe } from '../probe/probe.ts';
import { compareFacts, unproven, type Fact } from '../stack/proof.ts';
import { isOfImage, placementOf, type Placement } from '../stack/layers.ts';
import type { RunningStack, ServiceState } from '../stack/stack.ts';
import type { StoreDefinition } from '../stores/store.ts';
import { judge } from '../verdict/judge.ts';
import type { Ledger } from '../verdict/ledger.ts';
import type { Attempt, Judgement, Observation, ReadRow, Reason, ServiceVerdict } from '../verdict/model.ts';
import type { OwnData, OwnGroup } from '../verdict/own-data.ts';
import { explainFailure } from './explain.ts';
import { judgedCell } from './judged-cell.ts';
import { lastWords } from './last-words.ts';
import { findOutages, NO_OUTAGES } from './outages.ts';
import { MOST } from './defaults.ts';
import type { OwnWatch } from './own-watch.ts';
import type { CellRecord, Evidence } from './record.ts';
import { timelineOf } from './timeline.ts';
import { Visitors } from './visitors.ts';
import { Writer } from './writer.ts';

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
  /** Follows the app's own data. */
  readonly own: OwnWatch;
  /** Rows written to each store before a disruption. */
  readonly markers: number;
  /** How long services may take to come back, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** `renew`: another stack takes the place of one that has lost something. */
export type Phase = 'renew' | 'write' | 'inject' | 'ready' | 'read';

/**
 * Write, attest, disrupt, attest, wait until ready, read, judge.
 * @param epoch counts the disruptions on this stack; the markers of all earlier epochs are read again.
 * @returns a cell for each store. What fails once the disruption has begun is an `unknown` with its reason, never a throw.
 * @throws Error on an abort, and when the stack cannot be looked at before the disruption
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
  const writers = await enter(setting);
  await writeEpoch(setting, writers, epoch);
  await setting.own.look(writers);
  const before = await placements(stack, stores);
  const identities = await identitiesIn(writers);
  await stack.leave();
  const factsBefore = [...(await stack.attest()), ...userFacts(identities)];

  onPhase('inject');
  const injected = performance.now();
  const injection = await inject(setting, disruption);
  const disrupted = performance.now();

  onPhase('ready');
  const patienceMs = Math.min(setting.timeoutMs, disruption.patienceMs ?? setting.timeoutMs);
  const states = await stack.ready(patienceMs, signal).catch((error: unknown) => {
    signal.throwIfAborted();
    injection.failure ??= String(error);
    return new Map<string, ServiceState>();
  });
  const attested = await stack.attest().catch((): Fact[] => []);
  // What is not meant to come back accuses nobody.
  const outages =
    disruption.patienceMs === undefined
      ? await findOutages(stack, stores, factsBefore, states).catch(() => signal.throwIfAborted())
      : NO_OUTAGES;
  const rebuilt = new Set(stack.project.rebuilt);
  const bootMs = injection.steps.reduce((sum, step) => sum + (step.bootMs ?? 0), 0);
  const subjects = (fact: Fact): boolean =>
    disruption.needs !== 'build' || rebuilt.has(fact.subject) || !isOfService(fact);

  onPhase('read');
  const looked = performance.now();
  await setting.own.settled(stack).catch(() => signal.throwIfAborted());
  // What is not meant to come back is left as it is until it is healed.
  const revived =
    disruption.patienceMs === undefined
      ? await revive(setting, states).catch((error: unknown): string[] => {
          signal.throwIfAborted();
          return [String(error)];
        })
      : [];
  const after = await placements(stack, stores).catch(() => new Map<string, Placement>());
  const probes = await enter(setting);
  const atInjection = injection.steps.flatMap(({ facts }) => facts ?? []);
  const factsAfter = [...attested, ...atInjection, ...userFacts(await identitiesIn(probes))];
  const proof = compareFacts(factsBefore, factsAfter);
  const missing = [
    ...unproven(factsBefore, factsAfter, disruption.claims, subjects),
    ...(outages ? [] : ['whether every service came back']),
  ];
  const replaced = await replacedIn(stack, before, after).catch(() => new Set<string>());
  const seen = await observeAll(setting, disruption, { states, probes, identities, after, epoch });

  return Promise.all(
    stores.map(async (store, index): Promise<CellRecord> => {
      const saw = seen[index] as (typeof seen)[number];
      const was = before.get(store.id);
      const sourceReplaced = replaced.has(store.id);
      const own = saw.rows === null ? null : setting.own.compare(store, saw.own);
      const observation: Observation = {
        // What was found only once the old source was back was not there before.
        rows: saw.isLate && sourceReplaced ? [] : saw.rows,
        readFailure: saw.readFailure,
        baseline: setting.baselines.get(store.id) ?? new Set(),
        sourceReplaced,
        leftBehind: saw.leftBehind,
        integrity: saw.integrity,
        service: saw.service,
        serviceReason: saw.serviceReason,
        proven: missing.length === 0,
        ...(own ? { own: own.verdict } : {}),
      };
      const judgement = judge(attemptsOf(setting, store, epoch), observation);
      const blindness = setting.own.blindness(store);
      const blind = blindness === null ? [] : [`the app's own data is not followed: ${blindness}`];
      const now =
        judgement.data === 'stale'
          ? await unlessOfImage(stack, store, after.get(store.id)).catch(() => after.get(store.id))
          : after.get(store.id);
      const borrowed = judgement.outcome === 'survived' && was?.layer === 'container';
      const judged = judgedCell(
        disruption,
        store,
        stack.project.host.id,
        was,
        judgement,
        saw.explained,
        outages ?? NO_OUTAGES,
      );
      return {
        ...judged,
        reason: borrowed && judged.ok ? 'borrowed-time' : judged.reason,
        rpoMs: judgement.rpoMs,
        rtoMs: saw.rows === null ? null : Math.round(saw.readAt - injected),
        durationMs: Math.round(performance.now() - started),
        timeline: timelineOf(
          [
            ['write', started],
            ['inject', injected],
            ['boot', disrupted - bootMs],
            ['ready', disrupted],
            ['read', looked],
            ['judge', saw.rows === null ? null : saw.readAt],
          ],
          performance.now(),
        ),
        proof,
        evidence: evidenceOf(
          injection,
          [...missing.map((text) => `not proven: ${text}`), ...revived, ...blind],
          saw,
          judgement,
          was,
          now,
          own,
        ).concat(outages?.evidence ?? []),
        own,
      };
    }),
  );
}

/** Number of the row that shows, after a disruption, that the store takes writes again. It is judged with the later epochs. */
const CANARY = MOST.markers;

/** What this stack's rows are judged by: every attempt but the one that showed, just now, that the store takes writes. */
export function* attemptsOf(
  { ledger, nonce }: ScenarioSetting,
  store: StoreDefinition,
  epoch: number,
): Generator<Attempt, void, undefined> {
  for (const attempt of ledger.attempts(store.id)) {
    const { id, seq, epoch: own } = attempt.marker;
    if (id.startsWith(`o-${nonce}-`) && !(own === epoch && seq === CANARY)) yield attempt;
  }
}

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

export type Probes = ReadonlyMap<string, Probe>;

/** An agent in every service that has a store and can be entered. */
export async function enter({
  stack,
  stores,
  signal,
}: Pick<ScenarioSetting, 'stack' | 'stores' | 'signal'>): Promise<Probes> {
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

/** The rows of one epoch, to every store. */
export async function writeEpoch(setting: ScenarioSetting, probes: Probes, epoch: number): Promise<void> {
  await Promise.all(
    setting.stores.map(async (store) => {
      const probe = probes.get(store.service);
      if (probe) await new Writer(setting, store, probe, epoch).write(setting.markers);
    }),
  );
}

export interface Seen {
  readonly rows: readonly ReadRow[] | null;
  readonly readFailure: Reason | null;
  /** What the app itself keeps there; `null`: not looked at. */
  readonly own: readonly OwnGroup[] | null;
  readonly integrity: Observation['integrity'];
  readonly service: ServiceVerdict;
  readonly serviceReason: Reason | null;
  /** Is it known, of a service that fails, that it does so for the owner of its data? */
  readonly explained: boolean;
  /** Was it read only after the disruption had been taken back? */
  readonly isLate: boolean;
  /** Are rows that it does not find found by the version before, started again? */
  readonly leftBehind: boolean;
  /** On the clock of `performance.now()`. */
  readonly readAt: number;
  readonly notes: readonly string[];
  /** Of a service that did not come back: what it said last. What takes the disruption back may take that away. */
  readonly log: string | null;
}

interface Surroundings {
  readonly states: ReadonlyMap<string, ServiceState>;
  readonly probes: Probes;
  /** Whom each service ran as before the disruption. */
  readonly identities: ReadonlyMap<string, Identity>;
  readonly after: ReadonlyMap<string, Placement>;
  readonly epoch: number;
}

/**
 * Looks at every store. What can be read through its service alone, and that does not run, is read after the disruption is taken back.
 * So is what a later version does not find.
 */
export async function observeAll(
  setting: ScenarioSetting,
  disruption: Disruption,
  surroundings: Surroundings,
): Promise<Seen[]> {
  const { stack, stores, signal, timeoutMs } = setting;
  const seen = await (async () => {
    await using visitors = new Visitors(stack, signal);
    return await Promise.all(stores.map(async (store) => observe(setting, store, surroundings, visitors)));
  })();
  const { isLater } = stack.project;
  const isToBeRead = ({ rows }: Seen, store: StoreDefinition): boolean =>
    rows === null || (isLater && !hasAll(rows, attemptsOf(setting, store, surroundings.epoch)));
  if (!disruption.heal || !stores.some((store, index) => isToBeRead(seen[index] as Seen, store))) return seen;
  let healed: ReadonlyMap<string, ServiceState>;
  try {
    // An agent that dies with its container would leave an open database behind.
    await stack.leave();
    const steps = await disruption.heal({ host: stack.project.host, stack, signal });
    if (steps.length === 0) return seen;
    healed = await stack.ready(timeoutMs, signal);
  } catch {
    // The read tells.
    signal.throwIfAborted();
    return seen;
  }
  const probes = await enter(setting);
  return Promise.all(
    seen.map(async (saw, index): Promise<Seen> => {
      const store = stores[index] as StoreDefinition;
      if (!isToBeRead(saw, store)) return saw;
      const { notes, ...read } = await readBy(setting, store, [async () => probes.get(store.service)]);
      if (saw.rows !== null) {
        const leftBehind = read.rows !== null && hasAll(read.rows, attemptsOf(setting, store, surroundings.epoch));
        const told = `the version before, started again, ${leftBehind ? 'finds every row' : 'does not find them either'}`;
        return { ...saw, leftBehind, notes: [...saw.notes, ...notes, told] };
      }
      const state = healed.get(store.service) ?? 'not-running';
      const late =
        read.rows === null
          ? [`the disruption was taken back, and ${store.service} is ${state} after ${timeoutMs / 1000} s`]
          : ['read after the disruption was taken back: the service was down until then'];
      return { ...saw, ...read, isLate: true, notes: [...saw.notes, ...notes, ...late] };
    }),
  );
}

/** Is every acknowledged row among them, whatever it holds? */
function hasAll(rows: readonly ReadRow[], attempts: Iterable<Attempt>): boolean {
  const ids = new Set(rows.map(({ id }) => id));
  for (const { end, marker } of attempts) if (end === 'acknowledged' && !ids.has(marker.id)) return false;
  return true;
}

type Read = Pick<Seen, 'rows' | 'readFailure' | 'own' | 'integrity' | 'readAt' | 'notes'>;

/** By the first of the probes that can. */
async function readBy(
  { own: watch, signal }: ScenarioSetting,
  store: StoreDefinition,
  sources: readonly (() => Promise<Probe | null | undefined>)[],
): Promise<Read> {
  const notes: string[] = [];
  let integrity: Read['integrity'] = null;
  for (const source of sources) {
    const probe = await source().catch((error: unknown) => {
      signal.throwIfAborted();
      notes.push(String(error));
    });
    if (!probe) continue;
    const rows = await probe.read(store).catch((error: unknown) => {
      signal.throwIfAborted();
      notes.push(`read: ${String(error)}`);
      return null;
    });
    const readAt = performance.now();
    integrity = await probe.integrity(store).catch((error: unknown) => {
      notes.push(`integrity: ${String(error)}`);
      return null;
    });
    if (rows === null) continue;
    const heard = integrity === null ? notes : [];
    const own = !watch.follows(store)
      ? null
      : await probe.own(store).catch((error: unknown) => {
          heard.push(`the app's own data: ${String(error)}`);
          return null;
        });
    return { rows, readFailure: null, own, integrity, readAt, notes: heard };
  }
  return { rows: null, readFailure: 'not-read', own: null, integrity, readAt: 0, notes };
}

async function observe(
  setting: ScenarioSetting,
  store: StoreDefinition,
  { states, probes, identities, after, epoch }: Surroundings,
  visitors: Visitors,
): Promise<Seen> {
  const { stack, signal } = setting;
  const { service } = store;
  const state = states.get(service);
  const placement = after.get(store.id);
  const probe = probes.get(service);
  const beside = async () => (state === 'up' ? null : visitors.at(store, placement?.layer));
  const sources = state === undefined ? [] : [async () => probe, beside];
  const read = { ...(await readBy(setting, store, sources)), isLate: false, leftBehind: false, log: null };
  if (state === undefined) {
    return { ...read, readFailure: 'host-died', service: 'unknown', serviceReason: 'host-died', explained: false };
  }

  const notes = [...read.notes];
  const failure = { project: stack.project, store, placement, writer: identities.get(service), signal };
  if (!probe || state !== 'up') {
    const visitor = await visitors.beside(service).catch(() => undefined);
    const reasons = await explainFailure({ ...failure, probe: visitor });
    const serviceReason = state === 'up' ? 'not-running' : state;
    const log = await lastWords(stack.project, service);
    return { ...read, ...explanation(notes, reasons), service: 'unavailable', serviceReason, log };
  }
  const end = await new Writer(setting, store, probe, epoch, CANARY).writeNext();
  const writable = await probe.writable(store.path).catch((error: unknown) => String(error));
  if (end === 'acknowledged' && writable === true)
    return { ...read, service: 'up', serviceReason: null, explained: false };
  if (end !== 'acknowledged') notes.push(`write: ${end}`);
  if (writable !== true)
    notes.push(`the main process cannot write ${store.path}${writable === false ? '' : `: ${writable}`}`);
  const reasons = await explainFailure({ ...failure, probe });
  return { ...read, ...explanation(notes, reasons), service: 'unwritable', serviceReason: 'write-refused' };
}

function explanation(notes: readonly string[], reasons: readonly string[]): Pick<Seen, 'notes' | 'explained'> {
  return { notes: [...notes, ...reasons], explained: reasons.length > 0 };
}

async function identitiesIn(probes: Probes): Promise<Map<string, Identity>> {
  const found = await Promise.all(
    [...probes].map(async ([service, probe]) => {
      const identity = await probe.mainIdentity().catch(() => null);
      return identity === null ? [] : [[service, identity] as const];
    }),
  );
  return new Map(found.flat());
}

/** Whom each service runs as. */
function userFacts(identities: ReadonlyMap<string, Identity>): Fact[] {
  return [...identities].map(([subject, { uid, gid }]) => ({ kind: 'user', subject, value: `${uid}:${gid}` }));
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
  const { exitCode } = await stack.project.compose(['start', ...down], signal);
  const hand = exitCode === 0 ? 'it was started by hand to read its data' : 'it could not be started by hand either';
  return down.map((service) => `${service} did not come back by itself; ${hand}`);
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

/**
 * Reads what stands in the stores before the first marker.
 * @throws OutlastError NEVER_READY for a store that cannot be read
 */
export async function readBaselines(
  setting: Pick<ScenarioSetting, 'stack' | 'stores' | 'signal'>,
  probes: Probes,
): Promise<Map<string, Set<string>>> {
  const read = setting.stores.map(async (store) => {
    const rows = await probes
      .get(store.service)
      ?.read(store)
      .catch((cause: unknown) => {
        setting.signal.throwIfAborted();
        throw new OutlastError('NEVER_READY', `The store "${store.id}" cannot be read: ${String(cause)}`, { cause });
      });
    return [store.id, new Set((rows ?? []).map((row) => row.id))] as const;
  });
  return new Map(await Promise.all(read));
}

/** What no mount covers lies in the container's own layer, or the image has brought it along. */
export async function unlessOfImage(
  stack: RunningStack,
  { service, path }: StoreDefinition,
  placement: Placement | undefined,
): Promise<Placement | undefined> {
  if (placement?.layer !== 'container') return placement;
  const container = stack.project.host.docker.getContainer(placement.source);
  const [changes, image] = await Promise.all([container.changes(), stack.container(service)]);
  return isOfImage(changes ?? [], path)
    ? { layer: 'image', source: image?.Config.Image ?? placement.source }
    : placement;
}

/** Ids of the stores whose bytes are still there, while their path leads elsewhere now. */
async function replacedIn(
  stack: RunningStack,
  before: ReadonlyMap<string, Placement>,
  after: ReadonlyMap<string, Placement>,
): Promise<Set<string>> {
  const found = await Promise.all(
    [...before].map(async ([id, was]) => ((await isReplaced(stack, was, after.get(id))) ? [id] : [])),
  );
  return new Set(found.flat());
}

async function isReplaced(stack: RunningStack, was: Placement, now: Placement | undefined): Promise<boolean> {
  if (now === undefined || was.source === now.source) return false;
  if (was.layer === 'bind') {
    const lies = stack.project.whereabouts(was.source);
    return lies !== now.source && (await stack.project.host.files.identityOf(lies)) !== null;
  }
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

/** The command, and what it said if it failed. */
export function stepEvidence({ command, exitCode, output }: Step): Evidence {
  const failed = exitCode !== null && exitCode !== 0;
  return { kind: 'command', text: failed ? `${command} → exit ${exitCode}\n${output}` : command };
}

function evidenceOf(
  injection: Injection,
  notes: readonly string[],
  saw: Seen,
  { data, firstLost, firstForeign }: Judgement,
  was: Placement | undefined,
  now: Placement | undefined,
  own: OwnData | null,
): Evidence[] {
  const evidence: Evidence[] = injection.steps.map(stepEvidence);
  if (injection.failure !== null) evidence.push({ kind: 'note', text: `the disruption failed: ${injection.failure}` });
  for (const text of notes) evidence.push({ kind: 'note', text });
  if (saw.integrity)
    evidence.push({ kind: 'integrity', text: `${saw.integrity.ok ? 'ok' : 'not ok'}: ${saw.integrity.detail}` });
  if (firstLost.length > 0)
    evidence.push({ kind: 'rows', text: `the first lost or changed rows: ${firstLost.join(', ')}` });
  if (data === 'stale') evidence.push({ kind: 'rows', text: `served in their place: ${firstForeign.join(', ')}` });
  for (const text of own?.notes ?? []) evidence.push({ kind: 'rows', text });
  if (was && now && was.source !== now.source) {
    evidence.push({
      kind: 'note',
      text: `the bytes were on ${was.layer} ${was.source}, the path is now on ${now.layer} ${now.source}`,
    });
  }
  for (const text of saw.notes) evidence.push({ kind: 'note', text });
  if (saw.log !== null) evidence.push({ kind: 'log', text: saw.log });
  return evidence;
}
