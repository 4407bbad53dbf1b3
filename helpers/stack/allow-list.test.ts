import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ALLOWED, refusedKeys } from './allow-list.ts';
import type { ProjectModel } from './project-model.ts';

const stack = (service: object, top: object = {}): ProjectModel => ({
  name: 'stack',
  services: { app: { image: 'app', ...service } },
  ...top,
});
const keysOf = (model: ProjectModel): string[] => refusedKeys(model).map(({ key }) => key);

describe('a stack', () => {
  it.each([
    ['privileged', { privileged: true }],
    ['pid', { pid: 'host' }],
    ['pid', { pid: 'container:other' }],
    ['uts', { uts: 'host' }],
    ['ipc', { ipc: 'host' }],
    ['cgroup', { cgroup: 'host' }],
    ['cgroup_parent', { cgroup_parent: '/' }],
    ['userns_mode', { userns_mode: 'host' }],
    ['network_mode', { network_mode: 'host' }],
    ['network_mode', { network_mode: 'container:other' }],
    ['devices', { devices: [{ source: '/dev/sda' }] }],
    ['device_cgroup_rules', { device_cgroup_rules: ['c 1:3 mr'] }],
    ['gpus', { gpus: [{ count: -1 }] }],
    ['deploy.resources.reservations.devices', { deploy: { resources: { reservations: { devices: [{}] } } } }],
    ['cap_add', { cap_add: ['CHOWN', 'SYS_ADMIN'] }],
    ['security_opt', { security_opt: ['seccomp=unconfined'] }],
    ['provider', { provider: { type: 'cloud' } }],
    ['models', { models: { llm: null } }],
    ['post_start', { post_start: [{ command: ['ls'] }] }],
    ['pre_stop', { pre_stop: [{ command: ['ls'] }] }],
    ['use_api_socket', { use_api_socket: true }],
    ['external_links', { external_links: ['other'] }],
    ['volumes_from', { volumes_from: ['container:other'] }],
    ['credential_spec', { credential_spec: { file: 'a' } }],
    ['runtime', { runtime: 'nvidia' }],
    ['oom_score_adj', { oom_score_adj: -500 }],
    ['logging.driver', { logging: { driver: 'syslog' } }],
    ['build.ssh', { build: { context: '.', ssh: ['default'] } }],
    ['build.secrets', { build: { context: '.', secrets: [{ source: 'a' }] } }],
    ['build.network', { build: { context: '.', network: 'host' } }],
    ['build.entitlements', { build: { context: '.', entitlements: ['security.insecure'] } }],
    ['build.cache_to', { build: { context: '.', cache_to: ['type=registry,ref=a'] } }],
    ['networks.default.driver_opts', { networks: { default: { driver_opts: { a: 'b' } } } }],
    ['volumes.bind.propagation', { volumes: [{ type: 'bind', target: '/a', bind: { propagation: 'rshared' } }] }],
    ['volumes.type', { volumes: [{ type: 'npipe', target: '/a' }] }],
    ['a_key_of_tomorrow', { a_key_of_tomorrow: false }],
    ['constructor', { constructor: 1 }],
  ])('is refused for the service key %s', (key, service) => {
    expect(keysOf(stack(service))).toEqual([`services.app.${key}`]);
  });

  it.each([
    ['volumes.data.driver_opts', { volumes: { data: { driver_opts: { type: 'none', o: 'bind', device: '/srv' } } } }],
    ['volumes.data.driver_opts', { volumes: { data: { driver_opts: { type: 'tmpfs', device: '/dev/sda' } } } }],
    ['volumes.data.driver', { volumes: { data: { driver: 'sshfs' } } }],
    ['networks.lan.driver', { networks: { lan: { driver: 'macvlan' } } }],
    [
      'networks.lan.driver_opts.com.docker.network.bridge.name',
      { networks: { lan: { driver_opts: { 'com.docker.network.bridge.name': 'br0' } } } },
    ],
    ['networks.lan.ipam.driver', { networks: { lan: { ipam: { driver: 'dhcp' } } } }],
    ['secrets.a.driver', { secrets: { a: { driver: 'vault' } } }],
    ['configs.a.template_driver', { configs: { a: { template_driver: 'golang' } } }],
    ['models', { models: { llm: { model: 'a' } } }],
  ])('is refused for %s', (key, top) => {
    expect(keysOf(stack({}, top))).toEqual([key]);
  });

  it.each([
    ['devices', { devices: [{ source: '/dev/dri', target: '/dev/dri' }] }],
    ['device_cgroup_rules', { device_cgroup_rules: ['c 1:3 mr'] }],
    ['gpus', { gpus: [{ count: -1 }] }],
    [
      'deploy.resources.reservations.devices',
      { deploy: { resources: { reservations: { devices: [{ capabilities: ['gpu'] }] } } } },
    ],
    [
      'deploy.resources.reservations.generic_resources',
      { deploy: { resources: { reservations: { generic_resources: [{}] } } } },
    ],
  ])('is refused for hardware: %s', (key, service) => {
    expect(refusedKeys(stack(service))).toMatchObject([
      { key: `services.app.${key}`, why: expect.stringMatching(/hardware.*leave_out/) as string },
    ]);
  });

  it('passes when it is an ordinary one', () => {
    const service = {
      cap_add: ['CAP_CHOWN', 'net_bind_service'],
      cap_drop: ['ALL'],
      deploy: { resources: { limits: { memory: '1' }, reservations: { memory: '1' } }, replicas: 2 },
      devices: [],
      environment: { A: 'b' },
      ipc: 'service:db',
      logging: { driver: 'json-file', options: { 'max-size': '1m' } },
      network_mode: 'none',
      networks: { default: null, back: { aliases: ['a'] } },
      oom_score_adj: 0,
      pid: null,
      privileged: false,
      security_opt: ['no-new-privileges:true'],
      volumes: [{ type: 'bind', source: '/a', target: '/b', bind: { create_host_path: true } }],
      volumes_from: ['db:ro'],
      'x-own': { privileged: true },
    };
    const top = {
      volumes: { scratch: { driver_opts: { type: 'tmpfs', device: 'tmpfs', o: 'size=1m' } }, data: null },
      networks: { default: { external: true, ipam: { config: [{ subnet: '10.0.0.0/24' }] } } },
      secrets: { a: { file: '/a' } },
      configs: { b: { content: 'b' } },
      'x-own': {},
    };
    expect(refusedKeys(stack(service, top))).toEqual([]);
  });
});

it('docs/safety.md has the allow-list as it is', () => {
  const text = readFileSync(new URL('../../docs/safety.md', import.meta.url), 'utf8');
  const [, table = ''] = text.split('## The allow-list');
  const rows = [...table.matchAll(/^\| `([^`]+)` \| (.*) \|$/gm)].map(([, key, when]) => [key, when]);
  const list = Object.entries(ALLOWED).map(([key, { when }]) => [key, when ?? 'any value']);
  expect(rows).toEqual(list);
});
