import type { Disruption } from '../disruptions/disruption.ts';
import type { ProjectModel } from '../stack/project-model.ts';
import type { Outcome } from '../verdict/model.ts';
import { mountsOf, placementIn } from './mounts.ts';
import { comesBackAtBoot, isOneOff } from './subject.ts';

/** What a prediction needs to know of a service's image and user. */
export interface ServiceFacts {
  /** Paths of its VOLUMEs; `null`: not known. */
  readonly volumes: readonly string[] | null;
  /** Numeric id that the container begins with; `null`: not known. */
  readonly uid: number | null;
}

export interface PredictedStore {
  readonly id: string;
  readonly service: string;
  readonly path: string;
}

export interface Prediction {
  readonly disruption: string;
  readonly store: string;
  /** `null`: the files alone do not tell. */
  readonly predicted: Outcome | null;
}

type PredictedDisruption = Pick<Disruption, 'id' | 'needs' | 'effect'>;

/** What will become of every store in every disruption, by the layer that will hold its bytes. Pure. */
export function predict(
  model: ProjectModel,
  facts: ReadonlyMap<string, ServiceFacts>,
  stores: readonly PredictedStore[],
  disruptions: readonly PredictedDisruption[],
): Prediction[] {
  return disruptions.flatMap((disruption) =>
    stores.map((store) => ({
      disruption: disruption.id,
      store: store.id,
      predicted: predicted(model, facts.get(store.service), store, disruption),
    })),
  );
}

function predicted(
  model: ProjectModel,
  facts: ServiceFacts | undefined,
  { service: name, path }: PredictedStore,
  disruption: PredictedDisruption,
): Outcome | null {
  const service = model.services[name];
  if (!service) return null;
  const { layer } = placementIn(mountsOf(service), facts?.volumes ?? [], path);
  // A VOLUME that is not known of would turn the container's own layer into an anonymous volume.
  if (layer === 'container' && (facts?.volumes ?? null) === null) return null;
  const data = disruption.effect[layer];
  if (data !== 'survived') return data;
  if (BOOTS.has(disruption.needs) && !comesBackAtBoot(service) && !isOneOff(model, name)) return 'unavailable';
  if (disruption.needs === 'bind') return afterChangeOfOwner(layer === 'bind', facts?.uid ?? null);
  return 'survived';
}

const BOOTS: ReadonlySet<Disruption['needs']> = new Set(['reboot', 'crash', 'upgrade']);

/** Root may write whatever the owner is, and nobody else may. */
function afterChangeOfOwner(onBind: boolean, uid: number | null): Outcome | null {
  if (uid === null) return null;
  return onBind && uid !== 0 ? 'unwritable' : 'survived';
}
