import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type Docker from 'dockerode';

/** Networks that every engine has. */
export const BUILT_IN_NETWORKS: ReadonlySet<string> = new Set(['bridge', 'host', 'none']);

/** Removes all containers, volumes and networks of an engine that is ours alone. Images and the build cache stay. */
export async function removeEverything(docker: Docker): Promise<void> {
  const containers = await docker.listContainers({ all: true });
  await Promise.all(containers.map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true })));
  const [{ Volumes }, networks] = await Promise.all([docker.listVolumes(), docker.listNetworks()]);
  await Promise.all([
    ...(Volumes ?? []).map(({ Name }) => docker.getVolume(Name).remove({ force: true })),
    ...networks.filter(({ Name }) => !BUILT_IN_NETWORKS.has(Name)).map(({ Id }) => docker.getNetwork(Id).remove()),
  ]);
}

/** Keeps the containers of a dead host from starting at the next boot: nobody wants them any more. */
export async function quietRestartPolicies(slotFolder: string): Promise<void> {
  const containers = path.join(slotFolder, 'world/docker/containers');
  const ids = await readdir(containers).catch(() => []);
  await Promise.all(
    ids.map(async (id) => {
      const file = path.join(containers, id, 'hostconfig.json');
      const text = await readFile(file, 'utf8').catch(() => null);
      if (text === null) return;
      const config: Record<string, unknown> = JSON.parse(text);
      await writeFile(file, JSON.stringify({ ...config, RestartPolicy: { Name: 'no', MaximumRetryCount: 0 } }));
    }),
  );
}
