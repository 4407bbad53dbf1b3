import type Docker from 'dockerode';
import { RUN_LABEL } from '../host/host.ts';
import { removeFromEngine, together, type Swept } from './swept.ts';

/** Removes the containers, networks, volumes and images whose run label the predicate accepts. */
export async function removeLabelled(docker: Docker, isTarget: (runId: string) => boolean): Promise<Swept> {
  const filters = { label: [RUN_LABEL] };
  const isOurs = ({ Labels }: { Labels?: Record<string, string> | null | undefined }) =>
    isTarget(Labels?.[RUN_LABEL] ?? '');

  const containers = (await docker.listContainers({ all: true, filters })).filter(isOurs);
  const first = await Promise.all(
    // Anonymous volumes carry no label; they go with their container.
    containers.map(async ({ Id }) =>
      removeFromEngine(`container ${Id.slice(0, 12)}`, async () =>
        docker.getContainer(Id).remove({ force: true, v: true }),
      ),
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
