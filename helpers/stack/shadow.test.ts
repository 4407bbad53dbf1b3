import { describe, expect, it } from 'vitest';
import type { BindSource } from './bind-sources.ts';
import type { ProjectModel } from './project-model.ts';
import { shadowOf, type Shadow, type ShadowOptions } from './shadow.ts';

const bind = (original: string, more: Partial<BindSource> = {}): BindSource => ({
  original,
  readOnly: false,
  kind: 'folder',
  tracked: [],
  ...more,
});

function shadow(model: Partial<ProjectModel>, options: Partial<ShadowOptions> = {}): Shadow {
  return shadowOf(
    { name: 'stack', services: { app: { image: 'app' } }, ...model },
    {
      runId: 'run',
      hostKind: 'private',
      engineVersion: '28.0.0',
      folder: '/shadow',
      origin: '/srv/shop',
      checkout: '/shadow/checkout',
      neutralName: 'outlast-run',
      toolbox: { folder: '/toolbox', mountPoint: '/outlast' },
      baseImage: null,
      binds: [],
      data: 'empty',
      egress: [],
      ...options,
    },
  );
}

const volumes = (source: string): ProjectModel['services'] => ({
  app: { image: 'app', volumes: [{ type: 'bind', source, target: '/data' }] },
});

describe('a bind', () => {
  it.each([
    ['an empty folder', bind('/data'), 'empty', 'is replaced by an empty folder'],
    ['what git tracks', bind('/data', { tracked: ['a'] }), 'empty', 'a folder with the 1 files in it that git tracks'],
    ['a copy, when asked', bind('/data', { tracked: ['a'] }), 'copy', 'is replaced by a copy'],
    ['a copy, when it is read-only', bind('/data', { readOnly: true }), 'empty', 'is replaced by a copy'],
    ['a copy, when it is a file', bind('/data', { kind: 'file' }), 'empty', 'is replaced by a copy'],
  ] as const)('is replaced: %s', (_what, source, data, words) => {
    const { model, binds, changes } = shadow({ services: volumes('/data') }, { binds: [source], data });
    expect(binds).toHaveLength(1);
    expect(model.services['app']?.volumes?.[0]?.source).toBe(binds[0]?.source);
    expect(binds[0]?.source).toMatch(/^\/shadow\/binds\//);
    expect(changes.join('\n')).toContain(`the bind /data ${words.startsWith('is') ? '' : 'is replaced by '}${words}`);
  });

  it('that no copy can stand for stays what it is, once allowed', () => {
    const socket = bind('/var/run/docker.sock', { kind: 'machine' });
    const { model, binds, changes } = shadow({ services: volumes(socket.original) }, { binds: [socket] });
    expect(binds).toEqual([]);
    expect(model.services['app']?.volumes?.[0]?.source).toBe(socket.original);
    expect(changes).toContain('the bind /var/run/docker.sock is mounted as it is, as allowed');
  });

  it('has a folder of its own for each source, whatever its name', () => {
    const names = ['/a/data', '/b/data', '/c/$(x) \n..', '/'];
    const sources = names.map((name) => {
      const { binds } = shadow({ services: volumes(name) }, { binds: [bind(name)] });
      return binds[0]?.source ?? '';
    });
    expect(new Set(sources).size).toBe(names.length);
    for (const source of sources) expect(source).toMatch(/^\/shadow\/binds\/[\w.-]+$/);
  });
});

/** Where a bind of the user's lies. */
const shadowPlace = (path: string, origin: string): string | undefined =>
  shadow({ services: volumes(path) }, { origin, binds: [bind(path)] }).binds[0]?.source;

describe('what lies in the folder of the project', () => {
  it('lies below what stands for it, and is called the same whatever the folder is called', () => {
    expect(shadowPlace('/srv/shop/data', '/srv/shop')).toMatch(/^\/shadow\/checkout\/binds\/\w+-data$/);
    expect(shadowPlace('/srv/moved/data', '/srv/moved')).toBe(shadowPlace('/srv/shop/data', '/srv/shop'));
    expect(shadowPlace('/srv/moved', '/srv/moved')).toBe(shadowPlace('/srv/shop', '/srv/shop'));
    expect(shadowPlace('/srv/shop-2/data', '/srv/shop')).toMatch(/^\/shadow\/binds\//);
  });
});

describe('secrets and configs', () => {
  it('come from copies of their files, or from what they were', () => {
    const secrets = { a: { file: '/a' }, b: { environment: 'B' } };
    const { model, binds } = shadow({ secrets }, { binds: [bind('/a', { kind: 'file', readOnly: true })] });
    expect(model.secrets).toEqual({ a: { file: binds[0]?.source }, b: { environment: 'B' } });
    expect(binds[0]?.original).toBe('/a');
  });
});

describe('volumes and networks', () => {
  const resources = {
    volumes: { own: { name: 'stack_own' }, fixed: { name: 'theirs' }, external: { name: 'other', external: true } },
    networks: { default: { name: 'bridge', external: true }, lan: { name: 'stack_lan', ipam: { config: [] } } },
  };

  it('keep their names on a host of ours, and external ones are made anew', () => {
    const { model, changes } = shadow(resources);
    const label = { 'dev.outlast.run': 'run' };
    expect(model.volumes).toEqual({
      own: { name: 'stack_own', labels: label },
      fixed: { name: 'theirs', labels: label },
      external: { name: 'other', labels: label },
    });
    expect(model.networks).toEqual({
      default: { labels: label },
      lan: { name: 'stack_lan', ipam: { config: [] }, labels: label },
    });
    expect(changes).toEqual(
      expect.arrayContaining([
        "volumes external: external, replaced by one of the shadow's own",
        "networks default: external, replaced by one of the shadow's own",
      ]),
    );
  });

  it("have no name and no address of the user's on his own engine, and what was fixed follows no project", () => {
    const { model, changes } = shadow(resources, { hostKind: 'ambient' });
    const names = Object.entries({ ...model.volumes, ...model.networks }).map(([key, of]) => [key, of?.name]);
    const fixed = expect.stringMatching(/^outlast-run-[0-9a-f]{12}$/) as string;
    expect(Object.fromEntries(names)).toEqual({
      own: undefined,
      fixed,
      external: fixed,
      default: undefined,
      lan: undefined,
    });
    expect(new Set([model.volumes?.['fixed']?.name, model.volumes?.['external']?.name]).size).toBe(2);
    for (const resource of [...Object.values(model.volumes ?? {}), ...Object.values(model.networks ?? {})]) {
      expect(Object.keys(resource ?? {})).not.toContain('external');
      expect(Object.keys(resource ?? {})).not.toContain('ipam');
    }
    expect(changes).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^volumes fixed: the fixed name theirs is replaced by outlast-run-\w+$/),
        'networks lan: its fixed addresses are dropped',
      ]),
    );
  });
});

it("on the user's own engine a service meets nothing of his, and says so", () => {
  const app = {
    image: 'app',
    build: { context: '.', tags: ['app:latest'] },
    container_name: 'app',
    labels: { 'traefik.enable': 'true' },
    networks: { default: { ipv4_address: '10.0.0.2', aliases: ['a'] } },
    ports: [{}],
    profiles: ['some'],
  };
  const { model, changes } = shadow({ services: { app } }, { hostKind: 'ambient' });
  const { build, image, volumes: _, ...rest } = model.services['app'] ?? {};
  expect(rest).toEqual({
    labels: { 'dev.outlast.run': 'run' },
    networks: { default: { aliases: ['a'] } },
    dns: ['192.0.2.1'],
  });
  expect(build).not.toHaveProperty('tags');
  expect(image).toMatch(/^outlast-run\//);
  const said = changes.filter((change) => change.startsWith('app: '));
  for (const word of ['container_name', 'labels', 'tags', 'ipv4_address', 'port'])
    expect(said.join('\n')).toContain(word);
});

const services = (service: object = {}): ProjectModel['services'] => ({
  app: { image: 'app', networks: { default: { gw_priority: 5 } }, ...service },
  other: { image: 'app', networks: { default: null } },
});

describe('a way out', () => {
  const networks = { default: { name: 'stack_default' } };

  it('is a network more on a host of ours, for that service alone', () => {
    const { model, changes } = shadow({ services: services(), networks }, { egress: ['app'] });
    expect(model.networks?.['outlast_egress']).toMatchObject({
      name: '0-outlast_egress',
      driver_opts: { 'com.docker.network.bridge.name': 'outlast-egress' },
      labels: { 'dev.outlast.run': 'run' },
    });
    expect(model.services['app']?.networks).toEqual({ default: {}, outlast_egress: null });
    expect(model.services['other']?.networks).toEqual({ default: null });
    expect(changes).toContain('app: has a network more, by which it gets out, as allowed');
  });

  it("is closed by the networks themselves on the user's own engine", () => {
    const { model } = shadow(
      { services: services({ network_mode: 'bridge', networks: undefined }), networks },
      { hostKind: 'ambient', egress: ['other'] },
    );
    const closed = { internal: true, driver_opts: { 'com.docker.network.bridge.inhibit_ipv4': 'true' } };
    expect(model.networks?.['default']).toMatchObject(closed);
    expect(model.networks?.['outlast_bridge']).toMatchObject(closed);
    expect(model.networks?.['outlast_egress']).not.toHaveProperty('internal');
    expect(model.services['app']).toMatchObject({ networks: { outlast_bridge: null } });
    expect(model.services['app']).not.toHaveProperty('network_mode');
    expect(model.services['other']?.networks).toEqual({ default: null, outlast_egress: null });
  });

  it('is none by way of names', () => {
    const model = {
      ...services(),
      asking: { image: 'app', dns: ['10.0.0.53'] },
      beside: { image: 'app', network_mode: 'service:app' },
    };
    const { model: altered, changes } = shadow({ services: model, networks }, { egress: ['app'] });
    const dns = Object.entries(altered.services).map(([name, service]) => [name, service.dns]);
    expect(Object.fromEntries(dns)).toEqual({
      app: undefined,
      other: ['192.0.2.1'],
      asking: ['10.0.0.53'],
      beside: undefined,
    });
    expect(changes.filter((change) => change.includes('looked up'))).toEqual([
      'other: names outside of the stack are not looked up',
    ]);
  });

  it.each([
    ['nothing', {}, 'there is no such service; there are app, other'],
    ['constructor', {}, 'there is no such service'],
    ['app', { network_mode: 'none' }, 'network_mode: none'],
    ['app', { network_mode: 'service:other' }, 'network_mode: service:other'],
  ])('cannot be given to %s %o', (name, service, words) => {
    expect(() => shadow({ services: services(service), networks }, { egress: [name] })).toThrow(words);
  });
});
