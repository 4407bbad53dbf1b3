import type { ProjectModel } from './project-model.ts';

/** When the value of a key can do no harm. */
interface Condition {
  /** In words; `null`: whatever its value. */
  readonly when: string | null;
  readonly holds: (value: unknown) => boolean;
}

/** Something of the user's project that no shadow is made of unless it is allowed by name. */
export interface Refusal {
  /** By which it is allowed. */
  readonly key: string;
  /** Where it stands in the project. */
  readonly path: readonly string[];
  /** Text by which an entry of a list is found there. */
  readonly mention?: string | undefined;
  readonly why: string;
}

const ANY: Condition = { when: null, holds: () => true };
const only = (when: string, holds: Condition['holds']): Condition => ({ when, holds });
const oneOf = (...values: readonly string[]): Condition =>
  only(values.map((value) => `\`${value}\``).join(', '), (value) => values.includes(String(value)));
const anyOf = (...keys: readonly string[]): Record<string, Condition> =>
  Object.fromEntries(keys.map((key) => [key, ANY]));

const FALSE = oneOf('false');
const OTHER_SERVICE = only('`service:…`', isOfService);

/** What every engine gives to every container: https://docs.docker.com/engine/containers/run/#runtime-privilege-and-linux-capabilities */
const DEFAULT_CAPABILITIES: ReadonlySet<string> = new Set(
  'AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE NET_RAW SETFCAP SETGID SETPCAP SETUID SYS_CHROOT'.split(
    ' ',
  ),
);

/**
 * The keys of a resolved Compose project that are known to be harmless to shadow. `*` stands for any name; entries of a list share the key of the list.
 * A key that is not here is refused, also one that a later Compose brings. The keys are those of the Compose Specification:
 * https://github.com/compose-spec/compose-spec/blob/main/spec.md
 */
export const ALLOWED: Readonly<Record<string, Condition>> = {
  name: ANY,
  ...below('services.*', {
    ...anyOf('attach', 'cap_drop', 'command', 'configs', 'container_name', 'cpu_count', 'cpu_percent', 'cpu_period'),
    ...anyOf('cpu_quota', 'cpu_shares', 'cpus', 'cpuset', 'depends_on', 'develop', 'dns', 'dns_opt', 'dns_search'),
    ...anyOf('domainname', 'entrypoint', 'environment', 'expose', 'extra_hosts', 'group_add', 'healthcheck'),
    ...anyOf('hostname', 'image', 'init', 'labels', 'links', 'mac_address', 'mem_limit', 'mem_reservation'),
    ...anyOf('mem_swappiness', 'memswap_limit', 'pids_limit', 'platform', 'ports', 'profiles', 'pull_policy'),
    ...anyOf('read_only', 'restart', 'scale', 'secrets', 'shm_size', 'stdin_open', 'stop_grace_period', 'stop_signal'),
    ...anyOf('sysctls', 'tmpfs', 'tty', 'ulimits', 'user', 'working_dir'),
    cap_add: only('capabilities that every container has', everyOne(isDefaultCapability)),
    cgroup: oneOf('private'),
    ipc: only(
      '`private`, `none`, `shareable`, `service:…`',
      (value) => ['private', 'none', 'shareable'].includes(String(value)) || isOfService(value),
    ),
    isolation: oneOf('default'),
    network_mode: only(
      '`none`, `bridge`, `service:…`',
      (value) => ['none', 'bridge'].includes(String(value)) || isOfService(value),
    ),
    oom_kill_disable: FALSE,
    oom_score_adj: only('0 or more', (value) => Number(value) >= 0),
    pid: OTHER_SERVICE,
    privileged: FALSE,
    runtime: oneOf('runc', 'io.containerd.runc.v2'),
    security_opt: only(
      '`no-new-privileges`',
      everyOne((option) => /^no-new-privileges([:=]true)?$/.test(option)),
    ),
    volumes_from: only(
      'services',
      everyOne((from) => !from.startsWith('container:')),
    ),
  }),
  ...below('services.*.build', {
    ...anyOf('additional_contexts', 'args', 'cache_from', 'context', 'dockerfile', 'dockerfile_inline'),
    ...anyOf('extra_hosts', 'labels', 'no_cache', 'platforms', 'provenance', 'pull', 'sbom', 'shm_size', 'tags'),
    ...anyOf('target', 'ulimits'),
    isolation: oneOf('default'),
    network: oneOf('none', 'default'),
    privileged: FALSE,
  }),
  ...below('services.*.deploy', {
    ...anyOf('endpoint_mode', 'labels', 'mode', 'placement', 'replicas', 'restart_policy', 'rollback_config'),
    ...anyOf('update_config', 'resources.limits.cpus', 'resources.limits.memory', 'resources.limits.pids'),
    ...anyOf('resources.reservations.cpus', 'resources.reservations.memory'),
  }),
  // Any other driver sends what a service says somewhere else, and does so from outside of the container.
  ...below('services.*.logging', { driver: oneOf('json-file', 'local', 'none'), options: ANY }),
  ...below('services.*.networks.*', {
    ...anyOf('aliases', 'gw_priority', 'interface_name', 'ipv4_address', 'ipv6_address', 'link_local_ips'),
    ...anyOf('mac_address', 'priority'),
  }),
  ...below('services.*.volumes', {
    ...anyOf('consistency', 'read_only', 'source', 'target', 'bind.create_host_path', 'bind.recursive'),
    ...anyOf('bind.selinux', 'image.subpath', 'tmpfs.mode', 'tmpfs.size', 'volume.labels', 'volume.nocopy'),
    ...anyOf('volume.subpath'),
    'bind.propagation': oneOf('private', 'rprivate'),
    type: oneOf('bind', 'volume', 'tmpfs', 'image'),
  }),
  ...below('networks.*', {
    ...anyOf('attachable', 'enable_ipv4', 'enable_ipv6', 'external', 'internal', 'labels', 'name'),
    driver: oneOf('bridge', 'default'),
    'driver_opts.com.docker.network.bridge.enable_icc': ANY,
    'driver_opts.com.docker.network.bridge.enable_ip_masquerade': ANY,
    'driver_opts.com.docker.network.driver.mtu': ANY,
    ...anyOf('ipam.config.aux_addresses', 'ipam.config.gateway', 'ipam.config.ip_range', 'ipam.config.subnet'),
    'ipam.driver': oneOf('default'),
  }),
  ...below('volumes.*', {
    ...anyOf('external', 'labels', 'name'),
    driver: oneOf('local'),
    driver_opts: only('a tmpfs', isTmpfs),
  }),
  ...below('secrets.*', anyOf('environment', 'external', 'file', 'labels', 'name')),
  ...below('configs.*', anyOf('content', 'environment', 'external', 'file', 'labels', 'name')),
};

/** Keys that ask for what this machine has, or has not. */
const HARDWARE = new Set([
  'services.*.devices',
  'services.*.device_cgroup_rules',
  'services.*.gpus',
  'services.*.deploy.resources.reservations.devices',
  'services.*.deploy.resources.reservations.generic_resources',
]);
const NO_COPY = "the machine's own hardware, of which there is no copy; `leave_out` in outlast.yaml starts the rest";

const CONDITIONS = new Map(Object.entries(ALLOWED));
/** Keys whose own keys are looked at one by one. */
const PARENTS = new Set(
  Object.keys(ALLOWED).flatMap((key) => [...key.matchAll(/\./g)].map(({ index }) => key.slice(0, index))),
).add('');

/** Every key that is not on the allow-list, or has a value there that is not. Pure. */
export function refusedKeys(model: ProjectModel): Refusal[] {
  const refused = [...refusalsBelow(model, '', [])];
  // Entries of one list share a key.
  return [...new Map(refused.map((refusal) => [refusal.key, refusal])).values()];
}

function* refusalsBelow(value: unknown, pattern: string, path: readonly string[]): Generator<Refusal> {
  const condition = CONDITIONS.get(pattern);
  if (condition) {
    if (!condition.holds(value)) yield { key: path.join('.'), path, why: `passes only with ${condition.when}` };
  } else if (!PARENTS.has(pattern) || typeof value !== 'object') {
    yield { key: path.join('.'), path, why: HARDWARE.has(pattern) ? NO_COPY : 'not known to be harmless' };
  } else if (Array.isArray(value)) {
    for (const entry of value) yield* refusalsBelow(entry, pattern, path);
  } else {
    const named = pattern === '' ? '*' : `${pattern}.*`;
    for (const [key, child] of Object.entries(value ?? {})) {
      if (isUnset(child) || key.startsWith('x-')) continue;
      yield* refusalsBelow(child, PARENTS.has(named) ? named : [pattern, key].filter(Boolean).join('.'), [
        ...path,
        key,
      ]);
    }
  }
}

function below(parent: string, conditions: Readonly<Record<string, Condition>>): Record<string, Condition> {
  return Object.fromEntries(Object.entries(conditions).map(([key, condition]) => [`${parent}.${key}`, condition]));
}

function isUnset(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'object' && Object.keys(value).length === 0);
}

function everyOne(holds: (entry: string) => boolean): Condition['holds'] {
  return (value) => Array.isArray(value) && value.every((entry) => holds(String(entry)));
}

function isDefaultCapability(name: string): boolean {
  return DEFAULT_CAPABILITIES.has(name.toUpperCase().replace(/^CAP_/, ''));
}

function isOfService(value: unknown): boolean {
  return String(value).startsWith('service:');
}

/** The `local` driver mounts whatever `device` names; a tmpfs is nobody's. */
function isTmpfs(value: unknown): boolean {
  const { type, device = 'tmpfs', ...rest } = value as Record<string, unknown>;
  return type === 'tmpfs' && device === 'tmpfs' && Object.keys(rest).every((key) => key === 'o');
}
