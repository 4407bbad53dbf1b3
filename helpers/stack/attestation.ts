import type Dockerode from 'dockerode';
import type { Host } from '../host/host.ts';
import { nameOf, type Fact } from './proof.ts';

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
  const made = await Promise.all(volumes.Volumes.map(async (volume) => identityOf(host, volume)));
  for (const [at, volume] of volumes.Volumes.entries())
    facts.push({ kind: 'volume', subject: volume.Name, value: `${volume.Mountpoint} ${made[at]}` });
  return facts.toSorted((a, b) => nameOf(a).localeCompare(nameOf(b)));
}

/** Tells a volume from a later one of the same name. Its folder does so where it can be seen: engines of different versions tell different times of creation. */
async function identityOf(host: Host, volume: Dockerode.VolumeInspectInfo): Promise<string> {
  const folder = await host.files.identityOf(volume.Mountpoint);
  return folder ?? (volume as { CreatedAt?: string }).CreatedAt ?? '';
}

/** With which exit code each container that stands still has ended. */
export async function attestExits({ docker }: Host, project: string): Promise<Fact[]> {
  const containers = await inspectContainers(docker, project);
  return containers
    .filter(({ State }) => !State.Running)
    .map((container) => endOf(container, `with ${container.State.ExitCode}`));
}

/** How a container has ended that ran when its host went down. */
export const BOOT_ENDS = {
  /** The engine was there to see it. */
  inOrder: 'before the host did',
  /** The engine has put down the moment at which it found it dead. */
  foundDead: 'unseen, and was found dead at the boot',
  /** It has ended again since the boot, and a container tells of its last end alone. */
  overwritten: 'again since the boot',
} as const;

/** How each container ended at the host's last boot. */
export async function attestBootEnds(host: Host, project: string): Promise<Fact[]> {
  const [bootedAt, containers] = await Promise.all([host.bootedAt(), inspectContainers(host.docker, project)]);
  if (bootedAt === null) return [];
  return containers.map((container) => {
    const { Running, StartedAt, FinishedAt } = container.State;
    const ranSince = !Running && Date.parse(StartedAt) >= bootedAt;
    if (container.RestartCount > 0 || ranSince) return endOf(container, BOOT_ENDS.overwritten);
    return endOf(container, Date.parse(FinishedAt) < bootedAt ? BOOT_ENDS.inOrder : BOOT_ENDS.foundDead);
  });
}

function endOf(container: Dockerode.ContainerInspectInfo, value: string): Fact {
  return { kind: 'end', subject: serviceOf(container), value };
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
