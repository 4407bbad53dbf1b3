import type { ConfigFile } from '../config/config.ts';
import type { ProjectModel, ServiceModel } from './project-model.ts';

/**
 * The project without the services that the configuration leaves out.
 * @returns it with every alteration, in words
 * @throws OutlastError CONFIG_INVALID with file and line of a service that is not there, or that another cannot be without
 */
export function leaveOut(
  model: ProjectModel,
  config: Pick<ConfigFile, 'leave_out' | 'fault'> | null,
): { readonly model: ProjectModel; readonly changes: readonly string[] } {
  if (!config?.leave_out) return { model, changes: [] };
  const left = new Set(config.leave_out);
  const services = Object.entries(model.services).filter(([name]) => !left.has(name));
  config.leave_out.forEach((name, index) => {
    const fault = faultOf(name, model, services);
    if (fault !== null) throw config.fault(['leave_out', index], fault);
  });
  const changes = [...left].map((name) => `${name}: left out, as the configuration says`);
  const kept = services.map(([name, service]): [string, ServiceModel] => {
    const { depends_on: before = {}, links = [], ...rest } = service;
    const dropped = Object.keys(before).filter((other) => left.has(other));
    const linked = links.filter((link) => left.has(nameOfLink(link)));
    changes.push(...dropped.map((other) => `${name}: depends_on ${other} is dropped, which is left out`));
    changes.push(...linked.map((link) => `${name}: the link ${link} is dropped, which is left out`));
    if (dropped.length + linked.length === 0) return [name, service];
    return [
      name,
      {
        ...rest,
        depends_on: Object.fromEntries(Object.entries(before).filter(([other]) => !left.has(other))),
        links: links.filter((link) => !linked.includes(link)),
      },
    ];
  });
  return { model: { ...model, services: Object.fromEntries(kept) }, changes };
}

function faultOf(name: string, model: ProjectModel, kept: readonly [string, ServiceModel][]): string | null {
  if (!Object.hasOwn(model.services, name))
    return `there is no service "${name}"; there are ${Object.keys(model.services).join(', ')}`;
  if (kept.length === 0) return 'no service is left';
  const clinging = kept.find(([, service]) => partsOf(service).includes(name));
  return clinging ? `${clinging[0]} has a part of "${name}", and cannot be without it` : null;
}

/** Services of whose network, processes, volumes or image a service has a part. */
function partsOf(service: ServiceModel): string[] {
  const { network_mode, ipc, pid, volumes_from = [], build } = service;
  const contexts = Object.values(build?.additional_contexts ?? {});
  const shared = [network_mode, ipc, pid, ...contexts].flatMap((value) =>
    typeof value === 'string' && value.startsWith('service:') ? [value.slice('service:'.length)] : [],
  );
  return [...shared, ...volumes_from.map((from) => from.split(':')[0] ?? '')];
}

function nameOfLink(link: string): string {
  return link.split(':')[0] ?? '';
}
