import { OutlastError } from '../errors.ts';
import { EGRESS_BRIDGE } from '../host/firewall.ts';
import type { HostKind } from '../host/host.ts';
import type { ProjectModel, ServiceModel } from './project-model.ts';

const EGRESS_NETWORK = 'outlast_egress';
const BRIDGE_NETWORK = 'outlast_bridge';
/** An address that is nobody's (RFC 5737). */
const NOBODY = '192.0.2.1';

/**
 * Alters the networks of a shadow so that no service but those named has a way out. On a host of ours its firewall sees to that;
 * elsewhere the networks lead nowhere, not even to the machine that they are on.
 * @returns every alteration, in words
 * @throws OutlastError USAGE for a service that is not there or has no network of its own
 */
export function limitEgress(model: ProjectModel, allowed: readonly string[], hostKind: HostKind): string[] {
  const leaving = allowed.map((name) => [name, serviceThatMayLeave(model, name)] as const);
  const changes = hostKind === 'ambient' ? isolate(model) : [];
  changes.push(...askNobody(model, allowed));
  if (leaving.length === 0) return changes;
  model.networks = { ...model.networks, [EGRESS_NETWORK]: egressNetwork(hostKind) };
  for (const [name, service] of leaving) {
    if (service.network_mode !== undefined)
      changes.push(`${name}: network_mode ${service.network_mode} is dropped, with which there is no other network`);
    join(service, EGRESS_NETWORK);
    for (const [key, network] of Object.entries(service.networks ?? {})) {
      if (network?.['gw_priority'] === undefined) continue;
      // Engines take the way out of the network that comes first by priority, then by name.
      delete network['gw_priority'];
      changes.push(`${name}: gw_priority on ${key} is dropped, for the way out lies elsewhere`);
    }
    changes.push(`${name}: has a network more, by which it gets out, as allowed`);
  }
  return changes;
}

function serviceThatMayLeave(model: ProjectModel, name: string): ServiceModel {
  const service = Object.hasOwn(model.services, name) ? model.services[name] : undefined;
  const fault = (what: string): OutlastError => new OutlastError('USAGE', `--allow-egress ${name}: ${what}`);
  if (!service) throw fault(`there is no such service; there are ${Object.keys(model.services).join(', ')}.`);
  const { network_mode: mode = 'bridge' } = service;
  if (mode !== 'bridge') throw fault(`it has no network of its own, but \`network_mode: ${mode}\`.`);
  return service;
}

function egressNetwork(hostKind: HostKind): NonNullable<ProjectModel['networks']>[string] {
  if (hostKind === 'ambient') return {};
  return { name: `0-${EGRESS_NETWORK}`, driver_opts: { 'com.docker.network.bridge.name': EGRESS_BRIDGE } };
}

function isolate(model: ProjectModel): string[] {
  const changes: string[] = [];
  for (const [name, service] of Object.entries(model.services)) {
    if (service.network_mode === 'bridge') {
      join(service, BRIDGE_NETWORK);
      model.networks = { ...model.networks, [BRIDGE_NETWORK]: {} };
      changes.push(`${name}: is on a network of the shadow's in place of the engine's own`);
    }
  }
  for (const [name, network] of Object.entries(model.networks ?? {})) {
    model.networks = {
      ...model.networks,
      [name]: {
        ...network,
        internal: true,
        driver_opts: { ...network?.driver_opts, 'com.docker.network.bridge.inhibit_ipv4': 'true' },
      },
    };
    changes.push(`networks ${name}: leads nowhere`);
  }
  return changes;
}

/**
 * A name that is looked up carries out what it says. The engine's resolver asks the name servers of the machine from the machine itself (from
 * 28 on; before 23.0.11 where they are on its loopback, on an internal network too), those of a service from within the service's network.
 */
function askNobody(model: ProjectModel, allowed: readonly string[]): string[] {
  return Object.entries(model.services).flatMap(([name, service]) => {
    const { network_mode: mode, dns = [] } = service;
    if (mode !== undefined || dns.length > 0 || allowed.includes(name)) return [];
    service.dns = [NOBODY];
    return [`${name}: names outside of the stack are not looked up`];
  });
}

function join(service: ServiceModel, network: string): void {
  delete service.network_mode;
  service.networks = { ...service.networks, [network]: null };
}
