import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ALLOWED } from './allow-list.ts';
import { bindsOf } from './bind-sources.ts';
import { leaveOut } from './leave-out.ts';
import type { ProjectModel } from './project-model.ts';
import { shadowOf, type ShadowOptions } from './shadow.ts';

/** A project with whatever an alteration is made of. */
const PROJECT: ProjectModel = {
  name: 'shop',
  services: {
    app: {
      image: 'shop/app',
      build: {
        context: '/srv/shop',
        args: { BASE_IMAGE: 'node:24', OTHER: 'x' },
        labels: { a: 'b' },
        network: 'default',
        tags: ['x'],
      },
      container_name: 'app',
      depends_on: { worker: { condition: 'service_started' }, left: { condition: 'service_started' } },
      healthcheck: { test: ['CMD', 'true'], start_interval: '1s' },
      labels: { 'proxy.enable': 'true' },
      links: ['left', 'worker'],
      networks: { lan: { ipv4_address: '10.0.0.2', ipv6_address: 'fd::2', link_local_ips: ['x'], gw_priority: 5 } },
      ports: [{ target: 80 }],
      profiles: ['all'],
      secrets: [{ source: 'key' }],
      volumes_from: ['worker'],
      volumes: [
        { type: 'bind', source: '/srv/shop/data', target: '/data' },
        { type: 'volume', source: 'own', target: '/own' },
      ],
    },
    worker: { image: 'worker', network_mode: 'bridge' },
    bridged: { image: 'worker', network_mode: 'bridge', build: { context: '/srv/other', network: 'none' } },
    left: { image: 'left' },
  },
  volumes: { own: { name: 'shop_own' }, fixed: { name: 'theirs' }, foreign: { name: 'foreign', external: true } },
  networks: {
    lan: { name: 'shop_lan', ipam: { config: [{ subnet: '10.0.0.0/24' }] } },
    engine: { name: 'bridge', external: true },
  },
  secrets: { key: { file: '/srv/shop/key' }, variable: { environment: 'KEY' } },
  configs: { settings: { file: '/srv/shop/settings' }, text: { content: 'x' } },
};

/** Those that get the keys that only the allow-list knows. */
const NAMED: Readonly<Record<string, string>> = {
  services: 'app',
  volumes: 'foreign',
  networks: 'engine',
  secrets: 'key',
  configs: 'settings',
};

/** The project with every other key of the allow-list, whatever its value. */
function withEveryKey(): ProjectModel {
  const whole = structuredClone(PROJECT);
  for (const path of Object.keys(ALLOWED)) {
    // The dots of a driver's option part nothing.
    const [before = '', option] = path.split(/\.(?=com\.)/);
    const keys = [...before.split('.'), ...(option === undefined ? [] : [option])];
    const named = keys.map((key, at) => (key === '*' ? (NAMED[keys[at - 1] ?? ''] ?? key) : key));
    let place = whole as Record<string, unknown>;
    for (const key of named.slice(0, -1)) {
      const next = [(place[key] ??= {})].flat();
      place = next[0] as Record<string, unknown>;
    }
    place[named.at(-1) ?? ''] ??= 'x';
  }
  // It has networks.
  delete whole.services['app']?.network_mode;
  return whole;
}

/** Where two values differ, as far down as both go on. */
function* differing(one: unknown, other: unknown, path: readonly string[] = []): Generator<string> {
  if (isDeepStrictEqual(one, other)) return;
  if (!isParent(one) || !isParent(other)) yield path.join('/');
  else
    for (const key of new Set([...Object.keys(one), ...Object.keys(other)]))
      yield* differing(one[key], other[key], [...path, key]);
}

function isParent(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Each alteration by the path of what is altered, and how the report tells of it; `$1` is what the path is of. */
const TOLD: readonly (readonly [path: RegExp, told: string])[] = [
  [/^name$/, 'the project is called outlast-run'],
  [/^services\/(left)$/, '$1: left out'],
  [/^services\/(\w+)\/depends_on\/left$/, '$1: depends_on left is dropped'],
  [/^services\/(\w+)\/links\/[01]$/, '$1: the link left is dropped'],
  [/^(?:services|volumes|networks)\/\w+\/labels(?:\/dev\.outlast\.run)?$/, 'every service, volume, network and image'],
  [/^services\/\w+\/build\/labels(?:\/dev\.outlast\.run)?$/, 'image that is built carries the label'],
  [/^services\/(\w+)\/labels\/proxy\.enable$/, '$1: its labels are dropped'],
  [/^services\/(\w+)\/profiles$/, '$1: its profiles are dropped'],
  [/^services\/(\w+)\/container_name$/, '$1: container_name is dropped'],
  [/^services\/(\w+)\/ports$/, '$1: no port is published'],
  [/^services\/(\w+)\/image$/, '$1: its image is tagged apart'],
  [/^services\/(\w+)\/build\/tags$/, '$1: its image gets no other tags'],
  [/^services\/(\w+)\/build\/network$/, "$1: built on the host's network"],
  [/^services\/(\w+)\/build\/args\/BASE_IMAGE$/, '$1: built from assembled in place of node:24'],
  [/^services\/(\w+)\/healthcheck\/start_interval$/, '$1: start_interval is dropped'],
  [/^services\/(\w+)\/volumes(?:\/2)?$/, "$1: the probe's toolbox is mounted read-only"],
  [/^services\/app\/volumes\/0\/source$/, 'the bind /srv/shop/data is replaced'],
  [/^secrets\/key\/file$/, 'the bind /srv/shop/key is replaced'],
  [/^configs\/settings\/file$/, 'the bind /srv/shop/settings is replaced'],
  [
    /^services\/(\w+)\/networks\/(\w+)\/(?:ipv[46]_address|link_local_ips)$/,
    '$1: ipv4_address, ipv6_address, link_local_ips on $2 is dropped',
  ],
  [/^services\/(\w+)\/networks\/(\w+)\/gw_priority$/, '$1: gw_priority on $2 is dropped'],
  [/^services\/(app)\/networks\/outlast_egress$/, '$1: has a network more, by which it gets out'],
  [/^services\/(worker)\/networks$/, '$1: has a network more, by which it gets out'],
  [/^services\/(worker)\/network_mode$/, '$1: network_mode bridge is dropped'],
  [/^services\/(worker|bridged)\/(?:networks|network_mode)$/, "$1: is on a network of the shadow's"],
  [/^services\/(\w+)\/dns$/, '$1: names outside of the stack are not looked up'],
  [/^networks\/outlast_egress$/, 'app: has a network more'],
  [/^networks\/outlast_bridge$/, 'networks outlast_bridge: leads nowhere'],
  [/^networks\/outlast_bridge$/, "bridged: is on a network of the shadow's"],
  [/^networks\/(\w+)\/(?:internal|driver_opts.*)$/, 'networks $1: leads nowhere'],
  [/^networks\/(\w+)\/ipam$/, 'networks $1: its fixed addresses are dropped'],
  [/^(networks|volumes)\/(engine|foreign)\/external$/, '$1 $2: external, replaced'],
  [/^networks\/engine\/name$/, 'networks engine: the name bridge is dropped'],
  [/^(volumes)\/(fixed|foreign)\/name$/, '$1 $2: the fixed name'],
  [/^(?:volumes\/own|networks\/lan)\/name$/, 'the project is called outlast-run'],
];

/** What is told of the alterations of a shadow, what of it was not done, and what was done and is not told. */
function toldOf(
  project: ProjectModel,
  more: Partial<ShadowOptions>,
): { untold: string[]; undone: string[]; used: string[] } {
  const config = { leave_out: ['left'], fault: () => new Error('fault') as never };
  const { model: kept, changes: omissions } = leaveOut(project, config);
  const shadow = shadowOf(kept, {
    runId: 'run',
    hostKind: 'private',
    engineVersion: '28.0.0',
    folder: '/shadow',
    origin: '/srv/shop',
    checkout: '/shadow/checkout',
    neutralName: 'outlast-run',
    toolbox: { folder: '/toolbox', mountPoint: '/outlast' },
    baseImage: null,
    binds: bindsOf(kept).map(({ original, readOnly }) => ({ original, readOnly, kind: 'folder', tracked: [] })),
    data: 'empty',
    egress: [],
    ...more,
  });
  const changes = [...omissions, ...shadow.changes];
  const done = [...differing(project, shadow.model)].map((path) => {
    const rows = TOLD.filter(([pattern]) => pattern.test(path));
    const matching = rows.map(([pattern, words]) => [path.replace(pattern, words), String(pattern)] as const);
    return { path, told: matching.filter(([words]) => changes.some((change) => change.includes(words))) };
  });
  const words = done.flatMap(({ told }) => told.map(([text]) => text));
  return {
    untold: done.filter(({ told }) => told.length === 0).map(({ path }) => path),
    undone: changes.filter((change) => !words.some((text) => change.includes(text))),
    used: done.flatMap(({ told }) => told.map(([, pattern]) => pattern)),
  };
}

const CASES: readonly (readonly [what: string, Partial<ShadowOptions>])[] = [
  ['a host of ours', {}],
  ['a host of ours with a way out', { egress: ['app', 'worker'] }],
  ['an old engine', { engineVersion: '20.10.24' }],
  ['an assembled base image', { baseImage: { ref: 'assembled', because: 'it cannot be pulled: no luck' } }],
  ['copied data', { data: 'copy' }],
  ["the user's own engine", { hostKind: 'ambient' }],
  ["the user's own engine with a way out", { hostKind: 'ambient', egress: ['app', 'worker'] }],
];

describe('of a project with every key that the allow-list knows', () => {
  it.each(CASES)('each alteration is told, and nothing else: on %s', (_what, options) => {
    expect(toldOf(withEveryKey(), options)).toMatchObject({ untold: [], undone: [] });
  });

  it('every kind of alteration is met', () => {
    const used = new Set(CASES.flatMap(([, options]) => toldOf(withEveryKey(), options).used));
    expect(TOLD.filter(([pattern]) => !used.has(String(pattern)))).toEqual([]);
  });
});
