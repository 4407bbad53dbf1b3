import type { ChangeEngine } from '../host/host.ts';
import { mustSurvive, SAME_CONTAINER, type Disruption, type DisruptionContext, type Step } from './disruption.ts';

export const engineUpgrade: Disruption = {
  id: 'engine-upgrade',
  title: 'the host boots a newer engine on the same data root; nobody runs `up`',
  optional: true,
  needs: 'upgrade',
  claims: {
    changes: ['engine', 'boot', 'started'],
    keeps: ['container', 'image', 'network', 'volume'],
    raises: ['engine'],
  },
  effect: SAME_CONTAINER,
  expected: mustSurvive,
  inject: async ({ host, signal }) => change(host.upgrade, signal),
};

/** The way back, with the engine that was there before the last upgrade. What comes of it is told, not judged. */
export const engineDowngrade: Disruption = {
  ...engineUpgrade,
  id: 'engine-downgrade',
  title: 'the host boots the older engine again',
  claims: { changes: ['engine', 'boot', 'started'], keeps: ['container', 'image', 'network', 'volume'] },
  inject: async ({ host, signal }) => change(host.downgrade, signal),
};

async function change(to: ChangeEngine | undefined, signal: DisruptionContext['signal']): Promise<Step[]> {
  if (!to) throw new Error('This host has no other engine.');
  const { from, to: now, shutDownMs, bootMs } = await to(signal);
  const command = `systemctl stop docker; apt-get install docker.io  # ${from} → ${now}; systemctl start docker`;
  return [
    { command: `${command} (shut down ${shutDownMs} ms, booted ${bootMs} ms)`, exitCode: null, output: '', bootMs },
  ];
}
