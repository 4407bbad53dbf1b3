import { describe, expect, it } from 'vitest';
import { isOfImage, placementOf } from './layers.ts';

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

describe('what an image brought along', () => {
  it.each([
    ['untouched', [], true],
    ['written to since', [{ Path: '/app/db.sqlite', Kind: 0 }], true],
    ['a neighbour was added', [{ Path: '/app/db.sqlite-wal', Kind: 1 }], true],
    ['added', [{ Path: '/app/db.sqlite', Kind: 1 }], false],
    ['in a folder that was added', [{ Path: '/app', Kind: 1 }], false],
  ])('%s', (_, changes, expected) => {
    expect(isOfImage(changes, '/app/db.sqlite')).toBe(expected);
  });
});
