import type Docker from 'dockerode';
import { removeBaseImages } from '../host/base-image.ts';
import { RUN_LABEL } from '../host/host.ts';
import { livingRuns } from './run.ts';
import type { Swept } from './swept.ts';

export interface BaseImageSweep {
  readonly home: string;
  /** The run that asks. */
  readonly runId?: string;
  /** The image that stays. */
  readonly kept: string | null;
}

/** Removes assembled base images from an engine that is not ours. While another run lives all of them stay: it may build on any. */
export async function sweepBaseImages(docker: Docker, { home, runId, kept }: BaseImageSweep): Promise<Swept> {
  const living = await livingRuns(home);
  const containers = await docker.listContainers({ all: true, filters: { label: [RUN_LABEL] } });
  const runs = [...living, ...containers.map(({ Labels }) => Labels[RUN_LABEL])];
  if (runs.some((id) => id !== runId)) return { removed: [], kept: [] };
  return removeBaseImages(docker, kept);
}
