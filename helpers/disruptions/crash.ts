import { attestBootEnds, BOOT_ENDS } from '../stack/attestation.ts';
import { mustSurvive, SAME_CONTAINER, type Disruption } from './disruption.ts';

export const crash: Disruption = {
  id: 'crash',
  title: 'every process of the host dies at one instant, then it boots; nobody runs `up`',
  needs: 'crash',
  claims: {
    changes: ['boot', 'started'],
    keeps: ['engine', 'container', 'image', 'network', 'volume'],
    ends: [BOOT_ENDS.foundDead, BOOT_ENDS.overwritten],
  },
  effect: SAME_CONTAINER,
  expected: mustSurvive,
  async inject({ host, stack, signal }) {
    if (!host.crash) throw new Error('This host cannot crash.');
    const bootMs = await host.crash(signal);
    const facts = await attestBootEnds(host, stack.project.name);
    return [{ command: 'echo b > /proc/sysrq-trigger', exitCode: null, output: '', bootMs, facts }];
  },
};
