import { randomBytes } from 'node:crypto';
import type { Backup } from '../config/backup.ts';
import type { Disruption } from '../disruptions/disruption.ts';
import type { OutlastError } from '../errors.ts';
import type { Host } from '../host/host.ts';
import { untilSettled } from '../stack/settle.ts';
import type { Project, RunningStack } from '../stack/stack.ts';
import type { Placement } from '../stack/layers.ts';
import type { StoreDefinition } from '../stores/store.ts';
import type { Ledger } from '../verdict/ledger.ts';
import { UNMEASURED, type Reason } from '../verdict/model.ts';
import type { CellRecord, StoreRecord } from './record.ts';
import { lastWords } from './last-words.ts';
import { climbEngines } from './climb-engines.ts';
import { OwnWatch } from './own-watch.ts';
import { runRestore, type RestoreOptions } from './restore.ts';
import {
  enter,
  placements,
  unlessOfImage,
  readBaselines,
  runScenario,
  type Phase,
  type ScenarioSetting,
} from './scenario.ts';

export interface MatrixOptions {
  readonly project: Project;
  readonly stores: readonly StoreDefinition[];
  readonly ledger: Ledger;
  readonly seed: string;
  readonly markers: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Were the disruptions asked for by name? */
  readonly asked: boolean;
  /** A stack of its own on the oldest of several engines; the reason why there is none. The caller disposes of it. */
  readonly onOldestEngine: () => Promise<OwnProject | Reason>;
  /** How the stack backs up and restores; `null`: nobody said. */
  readonly backup: Backup | null;
  /** Outside of the stack. */
  readonly workFolder: string;
  /** Opens a blank host with the stack's images; `null` where no second host can be had. */
  readonly openOtherHost: (() => Promise<OwnProject>) | null;
}

/** A project that is not the session's. */
export interface OwnProject extends AsyncDisposable {
  readonly project: Project;
}

/**
 * A stack that was just brought up, ready to be disrupted.
 * @throws OutlastError as `Project.up`
 */
async function freshSetting(options: MatrixOptions): Promise<ScenarioSetting> {
  return settingOn(await options.project.up(options.timeoutMs, options.signal), options);
}

async function settingOn(stack: RunningStack, options: MatrixOptions): Promise<ScenarioSetting> {
  const { signal, timeoutMs } = options;
  const setting = {
    stack,
    stores: options.stores,
    ledger: options.ledger,
    seed: options.seed,
    nonce: randomBytes(4).toString('hex'),
    markers: options.markers,
    timeoutMs,
    signal,
  };
  const probes = await enter(setting);
  const baselines = await readBaselines(setting, probes);
  const own = new OwnWatch(options.stores, signal);
  await own.look(probes);
  return { ...setting, baselines, own };
}

/** One stack that goes through disruption after disruption as long as it is whole; after a loss the next one gets a fresh stack. */
export class Matrix {
  readonly stores: readonly StoreRecord[];
  readonly #options: MatrixOptions;
  #setting: ScenarioSetting;
  /** Nothing was lost so far. */
  #whole = true;
  #epoch = 0;

  private constructor(options: MatrixOptions, setting: ScenarioSetting, stores: readonly StoreRecord[]) {
    this.#options = options;
    this.#setting = setting;
    this.stores = stores;
  }

  /**
   * @param findStores looks where the stack that has just come up keeps its data
   * @throws OutlastError when the stack does not come up, or `findStores` does
   */
  static async start(
    options: Omit<MatrixOptions, 'stores'>,
    findStores: (stack: RunningStack) => Promise<readonly StoreDefinition[]>,
  ): Promise<Matrix> {
    const stack = await options.project.up(options.timeoutMs, options.signal);
    const named = options.project.stores.map(({ service }) => service);
    await untilSettled(stack, options.signal, named.length > 0 ? named : undefined);
    const whole = { ...options, stores: await findStores(stack) };
    return new Matrix(whole, await settingOn(stack, whole), await storeRecords(stack, whole.stores));
  }

  /** @returns a cell for each store; throws on abort alone. */
  async run(disruption: Disruption, onPhase?: (phase: Phase) => void): Promise<CellRecord[]> {
    const { project, stores, signal } = this.#options;
    signal.throwIfAborted();
    const idle = (status: 'not-run' | 'not-applicable', reason: Reason): CellRecord[] =>
      stores.map((store) => idleCell(disruption, store, project.host, status, reason));
    // What nobody asked for by name runs where host and configuration allow it.
    const refused = this.#options.asked ? 'not-run' : 'not-applicable';
    const unmet = unmetNeed(disruption, this.#options);
    if (unmet) return idle(unmet[0] === 'not-run' ? refused : unmet[0], unmet[1]);
    const failed = (error: unknown, reason: Reason): CellRecord[] => {
      signal.throwIfAborted();
      const text = `${String(error)}\n${(error as OutlastError).detail ?? ''}`.trim();
      return idle('not-run', reason).map((cell) => ({ ...cell, evidence: [{ kind: 'note', text }] }));
    };

    try {
      if (!this.#whole) {
        onPhase?.('renew');
        await this.#renew();
      }
      if (disruption.needs === 'upgrade') {
        const cells = await this.#onOldestEngine(disruption, onPhase);
        return typeof cells === 'string' ? idle(refused, cells) : cells;
      }
    } catch (error) {
      return failed(error, 'stack-failed');
    }
    const { backup } = this.#options;
    if (backup && needsBackup(disruption)) {
      this.#whole = false;
      const options = { backup, workFolder: this.#options.workFolder, openPlace: this.#placeOf(disruption) };
      const restored = await runRestore(this.#setting, disruption, options, this.#epoch, onPhase);
      return idle('not-applicable', 'not-in-backup').map(
        (cell) =>
          restored.find(({ store }) => store === cell.store) ?? { ...cell, host: restored[0]?.host ?? cell.host },
      );
    }
    const subjects = subjectsOf(disruption, stores, project);
    if (subjects.length === 0) return idle('not-applicable', 'needs-bind');
    const whole = (cells: readonly CellRecord[]): CellRecord[] =>
      idle('not-applicable', 'needs-bind').map((cell) => cells.find(({ store }) => store === cell.store) ?? cell);
    let cells: CellRecord[];
    try {
      cells = await runScenario({ ...this.#setting, stores: subjects }, disruption, this.#epoch++, onPhase);
    } catch (error) {
      this.#whole = false;
      return whole(failed(error, 'checker-failed').filter(({ store }) => subjects.some(({ id }) => id === store)));
    }
    const logged = await this.#withLogs(cells);
    // What a later version has made of the data is no start for the next disruption.
    const healed = !project.isLater && (await this.#heal(disruption));
    this.#whole = healed && cells.every((cell) => cell.data === 'survived' && cell.ok);
    return whole(logged);
  }

  /** What the services of failed cells have said last. */
  async #withLogs(cells: readonly CellRecord[]): Promise<CellRecord[]> {
    const { project, stores } = this.#options;
    return Promise.all(
      cells.map(async (cell): Promise<CellRecord> => {
        const service = stores.find(({ id }) => id === cell.store)?.service;
        if (cell.ok || service === undefined || cell.evidence.some(({ kind }) => kind === 'log')) return cell;
        const text = await lastWords(project, service);
        return text === null ? cell : { ...cell, evidence: [...cell.evidence, { kind: 'log', text }] };
      }),
    );
  }

  /** A fresh stack of its own, so that nothing of the matrix's is touched. */
  async #onOldestEngine(disruption: Disruption, onPhase?: (phase: Phase) => void): Promise<CellRecord[] | Reason> {
    const own = await this.#options.onOldestEngine();
    if (typeof own === 'string') return own;
    await using _ = own;
    const { project } = own;
    const known = new Set(this.#options.project.shadow.changes);
    const changes = project.shadow.changes.filter((change) => !known.has(change));
    const cells = await climbEngines(await freshSetting({ ...this.#options, project }), disruption, onPhase);
    return cells.map((cell) => ({
      ...cell,
      evidence: [...cell.evidence, ...changes.map((text) => ({ kind: 'note' as const, text }))],
    }));
  }

  /** @returns whether the stack is as it was before the disruption */
  async #heal(disruption: Disruption): Promise<boolean> {
    const { project, timeoutMs, signal } = this.#options;
    if (!disruption.heal) return true;
    const { stack } = this.#setting;
    try {
      await stack.leave();
      const steps = await disruption.heal({ host: project.host, stack, signal });
      if (steps.some(({ exitCode }) => exitCode !== null && exitCode !== 0)) return false;
      const states = await stack.ready(timeoutMs, signal);
      return [...states.values()].every((state) => state === 'up');
    } catch {
      signal.throwIfAborted();
      return false;
    }
  }

  /** Where the data of a destroyed stack is restored to. */
  #placeOf({ needs }: Disruption): RestoreOptions['openPlace'] {
    const { project, openOtherHost } = this.#options;
    if (needs === 'backup-and-host' && openOtherHost) return openOtherHost;
    return async () => {
      await project.renew({ blank: true });
      return { project, [Symbol.asyncDispose]: async () => {} };
    };
  }

  async #renew(): Promise<void> {
    const { project, timeoutMs, signal } = this.#options;
    await this.#setting.stack.leave();
    await project.erase();
    await project.renew();
    const stack = await project.up(timeoutMs, signal);
    await this.#setting.own.settled(stack);
    this.#setting = await settingOn(stack, this.#options);
    this.#epoch = 0;
    this.#whole = true;
  }
}

/** Does the data come back from the stack's own backup? */
export function needsBackup({ needs }: Disruption): boolean {
  return needs === 'backup' || needs === 'backup-and-host';
}

function unmetNeed(
  disruption: Disruption,
  { project, backup, openOtherHost }: MatrixOptions,
): ['not-run' | 'not-applicable', Reason] | null {
  switch (disruption.needs) {
    case 'nothing':
    case 'upgrade':
      return null;
    case 'bind':
      // Owners are changed from outside of the containers.
      return project.host.files.givesAway ? null : ['not-run', 'needs-host'];
    case 'build':
      return project.rebuilt.length > 0 ? null : ['not-applicable', 'needs-build'];
    case 'own-host':
      return project.host.kind === 'ambient' ? ['not-run', 'needs-host'] : null;
    case 'reboot':
    case 'crash':
      return project.host[disruption.needs] ? null : ['not-run', 'needs-host'];
    case 'backup':
      return backup ? null : ['not-run', 'no-backup'];
    case 'backup-and-host':
      if (!backup) return ['not-run', 'no-backup'];
      return openOtherHost ? null : ['not-run', 'needs-host'];
  }
}

/** The stores that the disruption means something to. */
function subjectsOf(disruption: Disruption, stores: readonly StoreDefinition[], project: Project): StoreDefinition[] {
  if (disruption.needs !== 'bind') return [...stores];
  return stores.filter(({ service }) => project.hasWritableBind(service));
}

/** A cell of a disruption that did not run: unknown, unless it has no meaning here. */
function idleCell(
  disruption: Disruption,
  store: StoreDefinition,
  host: Host,
  status: 'not-run' | 'not-applicable',
  reason: Reason,
): CellRecord {
  return {
    ...UNMEASURED,
    disruption: disruption.id,
    title: disruption.title,
    store: store.id,
    host: host.id,
    status,
    // What has no meaning here accuses nobody; what could not be run is no pass.
    ok: status === 'not-applicable',
    reason,
    evidence: [],
  };
}

async function storeRecords(stack: RunningStack, stores: readonly StoreDefinition[]): Promise<StoreRecord[]> {
  const placed = await placements(stack, stores);
  return Promise.all(
    stores.map(async (store): Promise<StoreRecord> => {
      const { layer, source } = (await originOf(stack, store, placed.get(store.id))) ?? {};
      return {
        id: store.id,
        kind: store.kind,
        service: store.service,
        path: store.path,
        layer: layer ?? 'container',
        source: source ?? '',
        writer: store.kind === 'http' ? 'app' : 'probe',
      };
    }),
  );
}

/** A database that the image has brought along is of the image until the app writes to it, and comes back as it was. */
async function originOf(
  stack: RunningStack,
  store: StoreDefinition,
  placement: Placement | undefined,
): Promise<Placement | undefined> {
  return store.kind === 'sqlite' ? unlessOfImage(stack, store, placement) : placement;
}
