import type Dockerode from 'dockerode';
import { RUN_LABEL } from '../host/host.ts';
import { openProbe } from './open-probe.ts';
import type { Probe } from './probe.ts';
import { AGENT_ENV, NODE_ARGV } from './toolbox.ts';

const IDLE = 'setInterval(() => {}, 60_000)';

/**
 * The agent in a container that borrows the mounts of another one, which need not run. Closing the probe removes the container.
 * @throws Error when the container cannot be started or entered
 */
export async function openVisitor(
  docker: Dockerode,
  visited: Dockerode.ContainerInspectInfo,
  signal?: AbortSignal,
): Promise<Probe> {
  signal?.throwIfAborted();
  const container = await docker.createContainer({
    Image: visited.Image,
    Entrypoint: [...NODE_ARGV],
    Cmd: ['-e', IDLE],
    Env: [...AGENT_ENV],
    User: '0:0',
    WorkingDir: '/',
    Healthcheck: { Test: ['NONE'] },
    // Ours alone: Compose is not to take it for a container of the project.
    Labels: { [RUN_LABEL]: visited.Config.Labels[RUN_LABEL] ?? '' },
    HostConfig: { VolumesFrom: [visited.Id], NetworkMode: 'none' },
  });
  // Its volumes are another's.
  const leave = async (): Promise<void> => container.remove({ force: true });
  try {
    await container.start();
    return await openProbe(docker, container.id, { ...(signal ? { signal } : {}), leave });
  } catch (error) {
    await leave();
    throw error;
  }
}
