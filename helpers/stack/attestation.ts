import { stat } from 'node:fs/promises';
import type Dockerode from 'dockerode';
import { isNewer } from '../host/engine/version-order.ts';
import type { Host } from '../host/host.ts';

type FactKind =
  | 'machine'
  | 'boot'
  | 'engine'
  | 'container'
  | 'image'
  | 'started'
  | 'network'
  | 'volume'
  | 'name'
  | 'folder'
  | 'owner'
  | 'user';

/** One thing that can be checked before and after: `app container 3f1c…`. */
export interface Fact {
  readonly kind: FactKind;
  /** Service, network, volume or bind; `host` for the machine, `project` for the project. */
  readonly subject: string;
  readonly value: string;
}

/** A stack may have no network or volume of its own; these it always has, or else there is nothing to claim. */
const ALWAYS_THERE: ReadonlySet<FactKind> = new Set([
  'machine',
  'boot',
  'engine',
  'container',
  'image',
  'owner',
  'folder',
]);

/** What a disruption claims about all facts of a kind. */
export interface Claims {
  readonly changes: readonly FactKind[];
  readonly keeps: readonly FactKind[];
  /** Of what changes: versions that must be newer than before. */
  readonly raises?: readonly FactKind[];
}

export interface Proof {
  readonly before: Readonly<Record<string, string>>;
  readonly after: Readonly<Record<string, string>>;
  readonly changed: readonly string[];
  readonly unchanged: readonly string[];
}

const SERVICE_LABEL = 'com.docker.compose.service';
const PROJECT_LABEL = 'com.docker.compose.project';
const FOLDER_LABEL = 'com.docker.compose.project.working_dir';

/** Everything of a project that a disruption may or may not change, as the engine reports it. */
export async function attest(host: Host, project: string): Promise<Fact[]> {
  const label = [`${PROJECT_LABEL}=${project}`];
  const filters = JSON.stringify({ label });
  const [boot, containers, networks, volumes] = await Promise.all([
    host.bootId(),
    inspectContainers(host.docker, project),
    host.docker.listNetworks({ filters }),
    host.docker.listVolumes({ filters }),
  ]);
  const facts: Fact[] = [{ kind: 'engine', subject: 'host', value: host.engineVersion }];
  if (boot !== null) facts.push({ kind: 'boot', subject: 'host', value: boot });
  for (const container of containers) {
    const subject = serviceOf(container);
    facts.push({ kind: 'container', subject, value: container.Id });
    facts.push({ kind: 'image', subject, value: container.Image });
    // A container that stands still says nothing of a restart.
    if (container.State.Running) facts.push({ kind: 'started', subject, value: container.State.StartedAt });
  }
  // Compose writes both on every container alike.
  const [first] = containers;
  if (first) {
    const { [PROJECT_LABEL]: name = '', [FOLDER_LABEL]: folder = '' } = first.Config.Labels;
    facts.push(
      { kind: 'name', subject: 'project', value: name },
      { kind: 'folder', subject: 'project', value: folder },
    );
  }
  for (const network of networks) facts.push({ kind: 'network', subject: network.Name, value: network.Id });
  // Compose labels what the file names; the anonymous ones have no such label and change as their containers do.
  const made = await Promise.all(volumes.Volumes.map(async (volume) => identityOf(volume)));
  for (const [at, volume] of volumes.Volumes.entries())
    facts.push({ kind: 'volume', subject: volume.Name, value: `${volume.Mountpoint} ${made[at]}` });
  return facts.toSorted((a, b) => nameOf(a).localeCompare(nameOf(b)));
}

/** Tells a volume from a later one of the same name. Its folder does so where it can be seen: engines of different versions tell different times of creation. */
async function identityOf(volume: Dockerode.VolumeInspectInfo): Promise<string> {
  const folder = await stat(volume.Mountpoint, { bigint: true }).catch(() => null);
  if (folder) return `${folder.ino} ${folder.birthtimeNs}`;
  return (volume as { CreatedAt?: string }).CreatedAt ?? '';
}

/** Which machine this is: the id that its engine made when its data root was new. */
export async function attestMachine(host: Host): Promise<Fact> {
  const { ID } = (await host.docker.info()) as { ID: string };
  return { kind: 'machine', subject: 'host', value: ID };
}

/** The containers of a project, stopped ones included, one-off ones not. */
export async function inspectContainers(docker: Dockerode, project: string): Promise<Dockerode.ContainerInspectInfo[]> {
  const filters = JSON.stringify({ label: [`${PROJECT_LABEL}=${project}`, 'com.docker.compose.oneoff=False'] });
  const listed = await docker.listContainers({ all: true, filters });
  const inspected = await Promise.all(
    listed.map(async ({ Id }) =>
      docker
        .getContainer(Id)
        .inspect()
        .catch((error: unknown) => {
          // Removed between the two calls.
          if ((error as { statusCode?: number }).statusCode === 404) return null;
          throw error;
        }),
    ),
  );
  return inspected.filter((container) => container !== null);
}

export function serviceOf(container: Dockerode.ContainerInspectInfo): string {
  const number = container.Config.Labels['com.docker.compose.container-number'] ?? '1';
  const service = container.Config.Labels[SERVICE_LABEL] ?? container.Name;
  return number === '1' ? service : `${service}-${number}`;
}

/** Splits the facts into what changed and what did not. Pure. */
export function compareFacts(before: readonly Fact[], after: readonly Fact[]): Proof {
  const then = record(before);
  const now = record(after);
  const names = [...new Set([...Object.keys(then), ...Object.keys(now)])];
  return {
    before: then,
    after: now,
    changed: names.filter((name) => then[name] !== now[name]),
    unchanged: names.filter((name) => then[name] === now[name]),
  };
}

/**
 * Does the proof bear out the claims? Pure.
 * What is claimed to change must have a fact before and after, and differ; what is claimed to stay must be there and be the same.
 * @returns what is not borne out, in words; empty: proven.
 */
export function unproven(
  before: readonly Fact[],
  after: readonly Fact[],
  claims: Claims,
  subjects: (fact: Fact) => boolean = () => true,
): string[] {
  const now = record(after);
  const failures: string[] = [];
  let seen = 0;
  for (const kind of claims.changes) {
    const facts = before.filter((fact) => fact.kind === kind && subjects(fact));
    if (facts.length === 0 && ALWAYS_THERE.has(kind)) failures.push(`nothing shows a change of ${kind}`);
    for (const fact of facts) {
      // A service that did not come back has no start time: its absence is the service's verdict, not a missing proof.
      if (kind === 'started' && now[nameOf(fact)] === undefined) continue;
      seen++;
      if (now[nameOf(fact)] === fact.value) failures.push(`${nameOf(fact)} did not change`);
    }
  }
  for (const kind of claims.raises ?? []) {
    for (const fact of before.filter((each) => each.kind === kind)) {
      const value = now[nameOf(fact)];
      if (value !== undefined && !isNewer(value, fact.value)) failures.push(`${nameOf(fact)} is not newer`);
    }
  }
  if (seen === 0) failures.push('nothing shows that it happened');
  for (const kind of claims.keeps) {
    for (const fact of before) {
      if (fact.kind !== kind || !subjects(fact)) continue;
      const value = now[nameOf(fact)];
      if (value === undefined) failures.push(`${nameOf(fact)} is gone`);
      else if (value !== fact.value) failures.push(`${nameOf(fact)} changed`);
    }
  }
  return failures;
}

function nameOf(fact: Fact): string {
  return `${fact.subject} ${fact.kind}`;
}

function record(facts: readonly Fact[]): Record<string, string> {
  return Object.fromEntries(facts.map((fact) => [nameOf(fact), fact.value]));
}
