import { relative } from 'node:path';
import type { Layer } from '../verdict/model.ts';
import type { ProjectModel, ServiceModel } from './project-model.ts';
import { isWithin } from './within.ts';

/** What a service has mounted, in the user's own terms. */
export interface MountRecord {
  readonly service: string;
  readonly layer: Extract<Layer, 'named-volume' | 'bind' | 'anonymous-volume' | 'tmpfs'>;
  /** Key of the volume in the Compose file, or path of the bind from the Compose file's folder; `null`: it has no name. */
  readonly source: string | null;
  readonly target: string;
  readonly readOnly: boolean;
}

/** What the Compose file mounts; volumes that an image asks for by itself are not among them. */
export function mountsOf(model: ProjectModel, folder: string): MountRecord[] {
  return Object.entries(model.services).flatMap(([service, { volumes = [], tmpfs = [] }]) => [
    ...volumes.flatMap((mount): MountRecord[] => {
      const layer = layerOf(mount);
      if (layer === null) return [];
      const source =
        mount.source === undefined ? null : layer === 'bind' ? userPath(folder, mount.source) : mount.source;
      return [{ service, layer, source, target: mount.target, readOnly: mount.read_only === true }];
    }),
    ...tmpfs.map((mount): MountRecord => {
      const [target = mount] = mount.split(':');
      return { service, layer: 'tmpfs', source: null, target, readOnly: false };
    }),
  ]);
}

/** A path of the user's as he would write it in his Compose file. */
export function userPath(folder: string, path: string): string {
  return isWithin(folder, path) ? `./${relative(folder, path)}` : path;
}

function layerOf({ type, source }: NonNullable<ServiceModel['volumes']>[number]): MountRecord['layer'] | null {
  if (type === 'volume') return source === undefined ? 'anonymous-volume' : 'named-volume';
  return type === 'bind' || type === 'tmpfs' ? type : null;
}
