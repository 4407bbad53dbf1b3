import { posix } from 'node:path';
import type { StoreDefinition } from '../stores/store.ts';

interface Service {
  readonly volumes?:
    | readonly { readonly type: string; readonly target: string; readonly read_only?: boolean | undefined }[]
    | undefined;
}

/** As far as the files tell, where nothing is configured: a store on every writable mount of every service. Pure. */
export function defaultStores(services: Readonly<Record<string, Service>>): StoreDefinition[] {
  const taken = new Set<string>();
  return Object.entries(services).flatMap(([service, { volumes }]) =>
    (volumes ?? [])
      .filter((mount) => (mount.type === 'bind' || mount.type === 'volume') && mount.read_only !== true)
      .map((mount): StoreDefinition => {
        const plain = `${service}-${posix.basename(mount.target)}`.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
        let id = plain;
        for (let number = 2; taken.has(id); number++) id = `${plain}-${number}`;
        taken.add(id);
        return { id, kind: 'files', service, path: mount.target };
      }),
  );
}
