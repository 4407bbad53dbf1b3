import type { ConfigFile } from '../config/config.ts';
import type { PathKind } from '../probe/probe.ts';
import type { RunningStack } from '../stack/stack.ts';
import type { StoreDefinition } from '../stores/store.ts';

/** What each kind has to find. */
const NEEDS: Readonly<Record<StoreDefinition['kind'], readonly PathKind[]>> = {
  sqlite: ['file'],
  files: ['folder'],
  git: ['folder'],
  http: ['file', 'folder'],
  postgres: ['folder'],
  mysql: ['folder'],
  redis: ['folder'],
  command: ['file', 'folder'],
};

/**
 * Is every store where the configuration says? A service that cannot be entered tells nothing.
 * @throws OutlastError STORE_ABSENT with file and line
 */
export async function checkPlaces(
  stack: RunningStack,
  stores: readonly StoreDefinition[],
  config: Pick<ConfigFile, 'stores' | 'fault'>,
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(
    stores.map(async ({ id, kind, service, path }) => {
      const probe = await stack.probe(service, signal).catch(() => null);
      signal.throwIfAborted();
      const found = await probe?.kindAt(path);
      if (found === undefined || NEEDS[kind].includes(found)) return;
      const index = (config.stores ?? []).findIndex((store) => store.id === id);
      const what = found === 'absent' ? `there is nothing at ${path}` : `${path} is a ${found}`;
      throw config.fault(
        ['stores', index, 'path'],
        `the service "${service}" is up, and ${what}; \`${kind}\` needs a ${NEEDS[kind].join(' or a ')}`,
        'STORE_ABSENT',
      );
    }),
  );
}
