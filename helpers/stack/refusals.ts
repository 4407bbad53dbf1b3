import { OutlastError } from '../errors.ts';
import type { ProjectModel, ServiceModel } from './project-model.ts';

/** Keys of a service that reach beyond it, with the values that do no harm. */
const SERVICE_KEYS: Readonly<Record<string, readonly unknown[]>> = {
  privileged: [false],
  devices: [],
  cap_add: [],
  security_opt: [],
  provider: [],
  post_start: [],
  pre_stop: [],
  pid: [],
  ipc: ['private', 'none', 'shareable'],
  uts: [],
  userns_mode: [],
  cgroup: ['private'],
};
const BUILD_KEYS = ['ssh', 'secrets', 'network', 'privileged', 'entitlements'];

/**
 * Refuses what could do harm outside of the shadow. Pure.
 * @throws OutlastError KEY_REFUSED with every key by its name
 */
export function refuseHarm(model: ProjectModel): void {
  const refused = [
    ...Object.entries(model.services).flatMap(([name, service]) =>
      serviceKeys(service).map((key) => `services.${name}.${key}`),
    ),
    ...Object.entries(model.volumes ?? {})
      .filter(
        ([, volume]) => (volume?.['driver_opts'] as Record<string, unknown> | undefined)?.['device'] !== undefined,
      )
      .map(([name]) => `volumes.${name}.driver_opts.device`),
  ];
  if (refused.length > 0) throw new OutlastError('KEY_REFUSED', `Refused: ${refused.join(', ')}.`);
}

function serviceKeys(service: ServiceModel): string[] {
  const keys = Object.entries(SERVICE_KEYS)
    .filter(([key, harmless]) => isSet(service[key]) && !harmless.includes(service[key]))
    .map(([key]) => key);
  if (service['network_mode'] === 'host') keys.push('network_mode: host');
  for (const key of BUILD_KEYS) if (isSet(service.build?.[key])) keys.push(`build.${key}`);
  for (const mount of service.volumes ?? []) {
    if (mount.type === 'bind' && /(^|\/)(docker|containerd)\.sock$/.test(mount.source ?? ''))
      keys.push(`volumes: ${mount.source}`);
  }
  return keys;
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0);
}
