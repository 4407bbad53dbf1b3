import { expect, test } from 'vitest';
import { mountsOf } from './mounts.ts';

test('mounts are told as the user wrote them', () => {
  const model = {
    name: 'demo',
    services: {
      app: {
        volumes: [
          { type: 'bind', source: '/home/me/demo/data', target: '/data' },
          { type: 'bind', source: '/etc/hosts', target: '/etc/hosts', read_only: true },
          { type: 'volume', source: 'repos', target: '/repos' },
          { type: 'volume', target: '/cache' },
          { type: 'tmpfs', target: '/tmp' },
          { type: 'npipe', source: 'x', target: 'y' },
        ],
        tmpfs: ['/run:size=1m'],
      },
      idle: {},
    },
  };
  const plain = { service: 'app', readOnly: false };
  expect(mountsOf(model, '/home/me/demo')).toEqual([
    { ...plain, layer: 'bind', source: './data', target: '/data' },
    { ...plain, layer: 'bind', source: '/etc/hosts', target: '/etc/hosts', readOnly: true },
    { ...plain, layer: 'named-volume', source: 'repos', target: '/repos' },
    { ...plain, layer: 'anonymous-volume', source: null, target: '/cache' },
    { ...plain, layer: 'tmpfs', source: null, target: '/tmp' },
    { ...plain, layer: 'tmpfs', source: null, target: '/run' },
  ]);
});
