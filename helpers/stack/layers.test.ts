import { describe, expect, it } from 'vitest';
import { placementOf } from './layers.ts';

const container = {
  Id: 'c1',
  HostConfig: { Tmpfs: { '/cache': '' } },
  Mounts: [
    { Type: 'bind', Source: '/host/assets', Destination: '/app/assets', Mode: '', RW: true, Propagation: '' },
    { Type: 'volume', Name: 'p_repos', Source: '/x', Destination: '/repos', Mode: '', RW: true, Propagation: '' },
    { Type: 'volume', Name: 'f00d', Source: '/y', Destination: '/repos/inner', Mode: '', RW: true, Propagation: '' },
  ],
} as unknown as Parameters<typeof placementOf>[0];

describe('the layer of a path', () => {
  it.each([
    ['/app/assets/db.sqlite', 'bind', '/host/assets'],
    ['/app/assets', 'bind', '/host/assets'],
    ['/app/assets-old/db.sqlite', 'container', 'c1'],
    ['/repos/a', 'named-volume', 'p_repos'],
    ['/repos/inner/a', 'anonymous-volume', 'f00d'],
    ['/cache/x', 'tmpfs', '/cache'],
    ['/data', 'container', 'c1'],
  ])('%s lies on %s', (path, layer, source) => {
    expect(placementOf(container, path, new Set(['p_repos']))).toEqual({ layer, source });
  });
});
