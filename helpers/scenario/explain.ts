import { posix } from 'node:path';
import type { Identity } from '../probe/identity.ts';
import type { Probe } from '../probe/probe.ts';
import type { Placement } from '../stack/layers.ts';
import type { Project } from '../stack/stack.ts';
import type { StoreDefinition } from '../stores/store.ts';
import { diagnose, symptomsIn } from '../verdict/permissions.ts';

/** How much of a service's log is looked through. */
const LOG_LINES = 20;

export interface Failure {
  readonly project: Project;
  readonly store: StoreDefinition;
  readonly placement: Placement | undefined;
  /** One that sees the place. */
  readonly probe: Probe | undefined;
  /** Whom the service runs as. */
  readonly writer: Identity | undefined;
  readonly signal: AbortSignal;
}

/** Why a service does not work, if it is for an owner: whose the place is, who needs it, the cure, and what the service itself says. */
export async function explainFailure(failure: Failure): Promise<string[]> {
  const { project, store, placement, probe, writer, signal } = failure;
  const entries = (await probe?.owners(store.path).catch(() => [])) ?? [];
  const log = await project.compose(
    ['logs', '--no-color', '--no-log-prefix', '--tail', String(LOG_LINES), store.service],
    signal,
  );
  const bind = placement?.layer === 'bind' ? project.userPathOf(placement.source) : null;
  const isFile = entries.some(({ path, kind }) => path === store.path && kind === 'file');
  const mounts = project.shadow.model.services[store.service]?.volumes ?? [];
  const mount = mounts.find(({ source }) => source !== undefined && source === placement?.source);
  const file = isFile && mount ? posix.relative(mount.target, store.path) : null;
  const place = { service: store.service, path: store.path, bind, file };
  return [...(writer ? diagnose(entries, writer, place) : []), ...symptomsIn(log.stdout)];
}
