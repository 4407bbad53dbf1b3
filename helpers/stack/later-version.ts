import type { ConfigFile } from '../config/config.ts';
import type { LaterVersion } from '../config/rebuild.ts';
import type { ProjectModel, ServiceModel } from './project-model.ts';

/** By service. */
export type LaterVersions = ReadonlyMap<string, LaterVersion>;

/**
 * The later versions that the configuration names.
 * @throws OutlastError CONFIG_INVALID with file and line of a service that is not there, or has no such version
 */
export function laterVersions(
  { services }: ProjectModel,
  config: Pick<ConfigFile, 'rebuild' | 'fault'> | null,
): LaterVersions {
  if (!config?.rebuild) return new Map();
  for (const [name, version] of Object.entries(config.rebuild)) {
    const service = Object.hasOwn(services, name) ? services[name] : undefined;
    if (!service) {
      const there = Object.keys(services).join(', ');
      throw config.fault(['rebuild', name], `there is no service "${name}"; there are ${there}`);
    }
    if ('args' in version && !service.build)
      throw config.fault(['rebuild', name, 'args'], `"${name}" is not built here; name its later \`image\``);
    if ('image' in version && service.build)
      throw config.fault(['rebuild', name, 'image'], `"${name}" is built here; name the \`args\` of its later version`);
  }
  return new Map(Object.entries(config.rebuild));
}

/** A service as its later version is. Pure. */
export function laterVersionOf(service: ServiceModel, version: LaterVersion | undefined): ServiceModel {
  if (version === undefined) return service;
  if ('image' in version) return { ...service, image: version.image };
  const { build } = service;
  return build ? { ...service, build: { ...build, args: { ...build.args, ...version.args } } } : service;
}

/** What is other in it, in words; values of arguments are not told. */
export function inWords(name: string, version: LaterVersion): string {
  return 'image' in version ? `${name}: ${version.image}` : `${name}: other ${Object.keys(version.args).join(', ')}`;
}
