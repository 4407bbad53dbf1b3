import { describe, expect, it } from 'vitest';
import type { ProjectModel } from './project-model.ts';
import { refuseHarm } from './refusals.ts';

const stack = (service: object, volume: Record<string, unknown> = {}): ProjectModel => ({
  name: 'stack',
  services: { app: { image: 'app', ...service } },
  volumes: { data: volume },
});

describe('a stack that could do harm', () => {
  it.each([
    ['a privileged container', stack({ privileged: true }), 'services.app.privileged'],
    ['the host’s processes', stack({ pid: 'host' }), 'services.app.pid'],
    ['the host’s network', stack({ network_mode: 'host' }), 'services.app.network_mode: host'],
    ['a device', stack({ devices: [{ source: '/dev/sda' }] }), 'services.app.devices'],
    [
      'the engine’s socket',
      stack({ volumes: [{ type: 'bind', source: '/var/run/docker.sock', target: '/s' }] }),
      '/var/run/docker.sock',
    ],
    [
      'a secret for the build',
      stack({ build: { context: '.', secrets: [{ source: 'a' }] } }),
      'services.app.build.secrets',
    ],
    ['a folder behind a volume', stack({}, { driver_opts: { device: '/srv' } }), 'volumes.data.driver_opts.device'],
  ])('is refused for %s', (_what, model, key) => {
    expect(() => refuseHarm(model)).toThrow(key);
  });

  it('is not seen in an ordinary one', () => {
    expect(() => refuseHarm(stack({ privileged: false, network_mode: 'none', cap_add: [], pid: null }))).not.toThrow();
  });
});
