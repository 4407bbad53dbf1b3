import type Docker from 'dockerode';
import { RUN_LABEL } from '../host/host.ts';

/** Removes the containers, networks, volumes and images whose run label the predicate accepts, and tells what it removed. */
export async function removeLabelled(docker: Docker, isTarget: (runId: string) => boolean): Promise<string[]> {
  const filters = { label: [RUN_LABEL] };
  const removed: string[] = [];
  const remove = async (name: string, action: () => Promise<unknown>) => {
    const done = await action().then(() => true, isGone);
    if (done) removed.push(name);
  };
  const isOurs = ({ Labels }: { Labels?: Record<string, string> | null | undefined }) =>
    isTarget(Labels?.[RUN_LABEL] ?? '');

  const containers = (await docker.listContainers({ all: true, filters })).filter(isOurs);
  await Promise.all(
    // Anonymous volumes carry no label; they go with their container.
    containers.map(({ Id }) =>
      remove(`container ${Id.slice(0, 12)}`, () => docker.getContainer(Id).remove({ force: true, v: true })),
    ),
  );
  const [networks, volumes, images] = await Promise.all([
    docker.listNetworks({ filters }),
    docker.listVolumes({ filters }),
    docker.listImages({ filters }),
  ]);
  await Promise.all([
    ...networks.filter(isOurs).map(({ Id, Name }) => remove(`network ${Name}`, () => docker.getNetwork(Id).remove())),
    ...(volumes.Volumes ?? [])
      .filter(isOurs)
      .map(({ Name }) => remove(`volume ${Name}`, () => docker.getVolume(Name).remove({ force: true }))),
    ...images
      .filter(isOurs)
      .map(({ Id }) => remove(`image ${Id.slice(7, 19)}`, () => docker.getImage(Id).remove({ force: true }))),
  ]);
  return removed;
}

function isGone(error: unknown): boolean {
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : null;
  // Not found, or another sweep is removing it; either way it is not left to us.
  if (status === 404 || status === 409) return false;
  throw error;
}
