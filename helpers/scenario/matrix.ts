import { randomBytes } from 'node:crypto';
import type { Disruption } from '../disruptions/disruption.ts';
import type { OutlastError } from '../errors.ts';
import type { Host } from '../host/host.ts';
import type { Project, RunningStack } from '../stack/stack.ts';
import type { StoreDefinition } from '../stores/store.ts';
import type { Ledger } from '../verdict/ledger.ts';
import type { Reason } from '../verdict/model.ts';
import type { CellRecord, StoreRecord } from './record.ts';
import { placements, readBaselines, runScenario, type Phase, type ScenarioSetting } from './scenario.ts';

export interface MatrixOptions {
  readonly project: Project;
  readonly disruptions: readonly Disruption[];
  readonly stores: readonly StoreDefinition[];
  readonly ledger: Ledger;
  readonly seed: string;
  readonly markers: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface MatrixRecord {
  readonly stores: readonly StoreRecord[];
  readonly cells: readonly CellRecord[];
}

/** Tells the front end where a run stands. */
export interface MatrixProgress {
  /** Wraps the work of one disruption; what it returns are the disruption's cells. */
  disruption(
    disruption: Disruption,
    work: (onPhase: (phase: Phase) => void) => Promise<CellRecord[]>,
  ): Promise<CellRecord[]>;
}

/**
 * A stack that was just brought up, ready to be disrupted.
 * @throws OutlastError as `Project.up`
 */
export async function freshSetting(options: MatrixOptions): Promise<ScenarioSetting> {
  const { project, signal, timeoutMs } = options;
  const stack = await project.up(timeoutMs, signal);
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
  return { ...setting, baselines: await readBaselines(setting) };
}

/**
 * Every disruption in order, on one stack as long as it is whole; after a loss the next one gets a fresh stack.
 * @throws OutlastError when the first stack does not come up; later failures are `unknown` cells.
 */
export async function runMatrix(options: MatrixOptions, progress: MatrixProgress): Promise<MatrixRecord> {
  const { project, stores } = options;
  let setting: ScenarioSetting | null = await freshSetting(options);
  const records = await storeRecords(setting.stack, stores);
  const cells: CellRecord[] = [];
  let epoch = 0;
  for (const disruption of options.disruptions) {
    options.signal.throwIfAborted();
    const unmet = unmetNeed(disruption, project);
    if (unmet) {
      cells.push(...stores.map((store) => idleCell(disruption, store, project.host, ...unmet)));
      continue;
    }
    const ran = await progress.disruption(disruption, async (onPhase) => {
      try {
        if (setting === null) {
          await project.destroy();
          await project.renew();
          setting = await freshSetting(options);
          epoch = 0;
        }
      } catch (error) {
        options.signal.throwIfAborted();
        const note = {
          kind: 'note' as const,
          text: `${String(error)}\n${(error as OutlastError).detail ?? ''}`.trim(),
        };
        return stores.map((store) => ({
          ...idleCell(disruption, store, project.host, 'not-run', 'stack-failed'),
          evidence: [note],
        }));
      }
      return runScenario(setting, disruption, epoch, onPhase);
    });
    epoch++;
    cells.push(...ran);
    if (ran.some((cell) => cell.outcome !== 'survived')) setting = null;
  }
  return { stores: records, cells };
}

function unmetNeed(disruption: Disruption, project: Project): ['not-run' | 'not-applicable', Reason] | null {
  switch (disruption.needs) {
    case 'nothing':
      return null;
    case 'build':
      return project.built.length > 0 ? null : ['not-applicable', 'needs-build'];
    case 'reboot':
    case 'crash':
      return project.host[disruption.needs] ? null : ['not-run', 'needs-host'];
  }
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
    disruption: disruption.id,
    store: store.id,
    host: host.id,
    status,
    predicted: null,
    outcome: 'unknown',
    data: 'unknown',
    service: 'unknown',
    expected: [],
    // What has no meaning here accuses nobody; what could not be run is no pass.
    ok: status === 'not-applicable',
    acceptedBy: null,
    reason,
    attempted: 0,
    acknowledged: 0,
    rejected: 0,
    indeterminate: 0,
    intact: 0,
    lost: 0,
    corrupt: 0,
    unexpected: 0,
    recovered: 0,
    rpoMs: null,
    rtoMs: null,
    durationMs: null,
    proof: { before: {}, after: {}, changed: [], unchanged: [] },
    evidence: [],
  };
}

async function storeRecords(stack: RunningStack, stores: readonly StoreDefinition[]): Promise<StoreRecord[]> {
  const placed = await placements(stack, stores);
  return stores.map((store) => {
    const placement = placed.get(store.id);
    return {
      id: store.id,
      kind: store.kind,
      service: store.service,
      path: store.path,
      layer: placement?.layer ?? 'container',
      source: placement?.source ?? '',
      writer: store.kind === 'http' ? ('app' as const) : ('probe' as const),
    };
  });
}
