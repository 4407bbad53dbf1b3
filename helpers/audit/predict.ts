import type { ConfigFile } from '../config/config.ts';
import type { Disruption } from '../disruptions/disruption.ts';
import type { ProjectModel } from '../stack/project-model.ts';
import { isServed, type StoreKind } from '../stores/store.ts';
import type { Outcome } from '../verdict/model.ts';
import { defaultStores } from './default-stores.ts';
import { mountsOf, placementIn } from './mounts.ts';
import { comesBackAtBoot, isOneOff } from './subject.ts';

/** What a prediction needs to know of a service's image and user. */
export interface ServiceFacts {
  /** Paths of its VOLUMEs, as far as they are known. */
  readonly volumes: readonly string[];
  /** Are these all? */
  readonly complete: boolean;
  /** Numeric id that the container begins with; `null`: not known. */
  readonly uid: number | null;
  /** Targets of binds that it may not write. */
  readonly unwritable: ReadonlySet<string>;
  /**
   * What the version that a rebuild brings makes of the data at a path: it looks for it elsewhere, it refuses to start on it, or it has no place for it any more.
   * @param volume VOLUME of the image that holds it; `null`: none does
   */
  readonly afterRebuild: (path: string, volume: string | null) => 'found' | 'not-looked-at' | 'refused' | 'not-mounted';
}

/** What a prediction needs to know besides the model. */
export interface PredictionFacts {
  readonly services: ReadonlyMap<string, ServiceFacts>;
  /** Sources of mounts that are not found again once the project's folder has another name. */
  readonly leftByMove: ReadonlySet<string>;
}

export interface PredictedStore {
  readonly id: string;
  readonly kind: StoreKind;
  readonly service: string;
  readonly path: string;
  /** Does a backup promise to bring it back? */
  readonly inBackup: boolean;
}

export interface Prediction {
  readonly disruption: string;
  readonly store: string;
  /** `null`: the files alone do not tell. */
  readonly predicted: Outcome | null;
}

/** The stores of a run: those of the configuration, or one on every mount. */
export function predictedStores(
  config: Pick<ConfigFile, 'stores' | 'backup'> | null,
  model: ProjectModel,
): PredictedStore[] {
  const stores = config?.stores ?? defaultStores(model.services);
  return stores.map(({ id, kind, service, path }) => ({
    id,
    kind,
    service,
    path,
    inBackup: config?.backup?.stores.includes(id) ?? false,
  }));
}

type PredictedDisruption = Pick<Disruption, 'id' | 'needs' | 'effect' | 'claims'>;

/** What will become of every store in every disruption, by the layer that will hold its bytes. Pure. */
export function predict(
  model: ProjectModel,
  facts: PredictionFacts,
  stores: readonly PredictedStore[],
  disruptions: readonly PredictedDisruption[],
): Prediction[] {
  return disruptions.flatMap((disruption) =>
    stores.map((store) => ({
      disruption: disruption.id,
      store: store.id,
      predicted: predicted(model, facts, store, disruption),
    })),
  );
}

function predicted(
  model: ProjectModel,
  { services, leftByMove }: PredictionFacts,
  { kind, service: name, path, inBackup }: PredictedStore,
  disruption: PredictedDisruption,
): Outcome | null {
  const service = model.services[name];
  if (!service) return null;
  const facts = services.get(name);
  const { layer, mount, imageVolume } = placementIn(mountsOf(service), facts?.volumes ?? [], path);
  // A VOLUME that is not known of would turn the container's own layer into an anonymous volume.
  if (layer === 'container' && facts?.complete !== true) return null;
  // Whether a backup holds what it promises is for the run to show.
  if (RESTORES.has(disruption.needs) && !inBackup) return null;
  const data = disruption.effect[layer];
  if (data !== 'survived') return data;
  const moves = disruption.claims.changes.includes('folder');
  if (moves && leftByMove.has(mount?.source ?? '')) return 'hidden';
  if (disruption.needs === 'build') {
    const becomes = afterRebuild(kind, facts?.afterRebuild(path, imageVolume));
    if (becomes) return becomes;
  }
  if (BOOTS.has(disruption.needs) && !comesBackAtBoot(service) && !isOneOff(model, name)) return 'unavailable';
  if (disruption.needs === 'bind') return afterChangeOfOwner(layer === 'bind', facts?.uid ?? null);
  return mount && facts?.unwritable.has(mount.target) === true ? 'unwritable' : 'survived';
}

const RESTORES: ReadonlySet<Disruption['needs']> = new Set(['backup', 'backup-and-host']);
const BOOTS: ReadonlySet<Disruption['needs']> = new Set(['reboot', 'crash', 'upgrade']);

function afterRebuild(kind: StoreKind, seen: ReturnType<ServiceFacts['afterRebuild']> = 'found'): Outcome | null {
  if (seen === 'not-mounted') return 'hidden';
  if (seen === 'refused') return 'unavailable';
  // What is read from its old place itself is found there, whatever the service looks at.
  return seen === 'not-looked-at' && isServed({ kind }) ? 'hidden' : null;
}

/** Root may write whatever the owner is, and nobody else may. */
function afterChangeOfOwner(onBind: boolean, uid: number | null): Outcome | null {
  if (uid === null) return null;
  return onBind && uid !== 0 ? 'unwritable' : 'survived';
}
