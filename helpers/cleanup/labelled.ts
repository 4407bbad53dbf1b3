import type Docker from 'dockerode';
import { RUN_LABEL } from '../host/host.ts';
import { isInProgress, removeFromEngine, together, type Swept } from './swept.ts';

/** Removes the containers, networks, volumes and images whose run label the predicate accepts. */
export async function removeLabelled(docker: Docker, isTarget: (runId: string) => boolean): Promise<Swept> {
  const filters = { label: [RUN_LABEL] };
  const isOurs = ({ Labels }: { Labels?: Record<string, string> | null | undefined }) =>
    isTarget(Labels?.[RUN_LABEL] ?? '');

  const containers = (await docker.listContainers({ all: true, filters })).filter(isOurs);
  const first = await Promise.all(
    // Anonymous volumes carry no label; they go with their container.
    containers.map(async ({ Id }) =>
      removeFromEngine(`container ${Id.slice(0, 12)}`, async () => removeContainer(docker.getContainer(Id))),
    ),
  );
  const [networks, volumes, images] = await Promise.all([
    docker.listNetworks({ filters }),
    docker.listVolumes({ filters }),
    docker.listImages({ filters }),
  ]);
  const then = await Promise.all([
    ...networks
      .filter(isOurs)
      .map(async ({ Id, Name }) => removeFromEngine(`network ${Name}`, async () => docker.getNetwork(Id).remove())),
    ...(volumes.Volumes ?? [])
      .filter(isOurs)
      .map(async ({ Name }) =>
        removeFromEngine(`volume ${Name}`, async () => docker.getVolume(Name).remove({ force: true })),
      ),
    ...images
      .filter(isOurs)
      .map(async ({ Id }) =>
        removeFromEngine(`image ${Id.slice(7, 19)}`, async () => docker.getImage(Id).remove({ force: true })),
      ),
  ]);
  return together([...first, ...then]);
}

/** How long the engine may take to end a removal that it has begun for somebody else. */
const REMOVAL_MS = 10_000;

async function removeContainer(container: Docker.Container): Promise<void> {
  try {
    await container.remove({ force: true, v: true });
  } catch (error) {
    // What it holds is in use until it has gone.
    if (isInProgress(error))
      await container.wait({ condition: 'removed', abortSignal: AbortSignal.timeout(REMOVAL_MS) }).catch(() => {});
    throw error;
  }
}
