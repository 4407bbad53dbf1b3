import type Dockerode from 'dockerode';
import type { ComposeFiles } from '../stack/compose-files.ts';
import type { ProjectModel } from '../stack/project-model.ts';
import { audit } from './audit.ts';
import type { Finding } from './finding.ts';
import { factsOfInspected, type ImageFacts } from './image-facts.ts';
import type { ServiceFacts } from './predict.ts';
import { readSubject } from './read-subject.ts';
import type { Subject } from './subject.ts';

export interface AuditOptions {
  readonly compose: ComposeFiles;
  readonly configFile?: string | undefined;
  /** An engine that may have the images; `null`: there is none. */
  readonly docker: Dockerode | null;
  /** Of the machine that the stack runs on; by default this one. */
  readonly platform?: NodeJS.Platform;
}

export interface Audited {
  readonly subject: Subject;
  readonly findings: readonly Finding[];
  /** Of each service. */
  readonly facts: ReadonlyMap<string, ServiceFacts>;
}

/**
 * Reads a project and holds it against the rules. Executes nothing of the user's.
 * @throws OutlastError NO_DOCKERFILE, CONFIG_INVALID
 */
export async function auditProject(model: ProjectModel, { docker, platform = process.platform, ...options }: AuditOptions): Promise<Audited> {
  const inspect = async (reference: string): Promise<ImageFacts | null> =>
    (await docker
      ?.getImage(reference)
      .inspect()
      .then(factsOfInspected, () => null)) ?? null;
  const subject = await readSubject(model, { ...options, platform, inspect });
  const facts = subject.services.map(({ name, image, uid }) => [name, { volumes: image?.volumes ?? null, uid }] as const);
  return { subject, findings: audit(subject), facts: new Map(facts) };
}
