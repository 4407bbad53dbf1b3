import { attestBootEnds, BOOT_ENDS } from '../stack/attestation.ts';
import { mustSurvive, SAME_CONTAINER, type Disruption } from './disruption.ts';

export const reboot: Disruption = {
  id: 'reboot',
  title: 'the host shuts down in order and boots; nobody runs `up`',
  needs: 'reboot',
  claims: {
    changes: ['boot', 'started'],
    keeps: ['engine', 'container', 'image', 'network', 'volume'],
    ends: [BOOT_ENDS.inOrder, BOOT_ENDS.overwritten],
  },
  effect: SAME_CONTAINER,
  expected: mustSurvive,
  async inject({ host, stack, signal }) {
    if (!host.reboot) throw new Error('This host cannot reboot.');
    const bootMs = await host.reboot(signal);
    const facts = await attestBootEnds(host, stack.project.name);
    return [{ command: 'systemctl reboot', exitCode: null, output: '', bootMs, facts }];
  },
};
