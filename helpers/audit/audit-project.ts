import type Dockerode from 'dockerode';
import { DISRUPTIONS } from '../disruptions/catalogue.ts';
import type { ComposeFiles } from '../stack/compose-files.ts';
import type { ProjectModel } from '../stack/project-model.ts';
import { audit } from './audit.ts';
import { dropsVolume, moveOf, refusesFiles } from './data-moved.ts';
import { withExcerpts } from './excerpt.ts';
import type { Finding } from './finding.ts';
import { factsOfInspected, type ImageFacts } from './image-facts.ts';
import { leftByMove } from './folder-name.ts';
import { unwritableBy } from './owners.ts';
import { predict, type PredictedStore, type Prediction, type ServiceFacts } from './predict.ts';
import { readSubject } from './read-subject.ts';
import type { AuditedService, Subject } from './subject.ts';

export interface AuditOptions {
  readonly compose: ComposeFiles;
  readonly configFile?: string | null | undefined;
  /** An engine that may have the images; `null`: there is none. */
  readonly docker: Dockerode | null;
  /** Of the machine that the stack runs on; by default this one. */
  readonly platform?: NodeJS.Platform;
}

export interface Audited {
  readonly findings: readonly Finding[];
  /** Of every disruption and every store that the files tell of. */
  readonly predictions: readonly Prediction[];
  /** The same of stores that were found otherwise. */
  readonly predictFor: (stores: readonly Pick<PredictedStore, 'id' | 'kind' | 'service' | 'path'>[]) => Prediction[];
}

/**
 * Reads a project and holds it against the rules. Executes nothing of the user's.
 * @throws OutlastError NO_DOCKERFILE, CONFIG_INVALID
 */
export async function auditProject(
  model: ProjectModel,
  { docker, platform = process.platform, ...options }: AuditOptions,
): Promise<Audited> {
  const inspect = async (reference: string): Promise<ImageFacts | null> =>
    (await docker
      ?.getImage(reference)
      .inspect()
      .then(factsOfInspected, () => null)) ?? null;
  const subject = await readSubject(model, { ...options, platform, inspect });
  const facts = { services: factsOf(subject), leftByMove: leftByMove(subject) };
  const inBackup = new Set(subject.backup?.stores);
  const predictFor: Audited['predictFor'] = (stores) =>
    predict(
      model,
      facts,
      stores.map((store) => ({ ...store, inBackup: inBackup.has(store.id) })),
      DISRUPTIONS,
    );
  const findings = await withExcerpts(audit(subject), subject);
  return { findings, predictions: predictFor(subject.stores), predictFor };
}

function factsOf(subject: Subject): Map<string, ServiceFacts> {
  return new Map(
    subject.services.map((service) => [
      service.name,
      {
        volumes: service.image?.volumes ?? [],
        complete: service.image?.complete ?? false,
        uid: service.uid,
        unwritable: new Set(unwritableBy(subject, service).map(({ mount }) => mount.target)),
        afterRebuild: afterRebuild(service, subject.later.get(service.name)),
      },
    ]),
  );
}

function afterRebuild(service: AuditedService, later: AuditedService | undefined): ServiceFacts['afterRebuild'] {
  return (path, volume) => {
    if (!later) return 'found';
    if (volume !== null && dropsVolume(later, volume)) return 'not-mounted';
    if (refusesFiles(service, later)) return 'refused';
    return moveOf(service, later, path) ? 'not-looked-at' : 'found';
  };
}
