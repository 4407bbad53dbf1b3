import { mustSurvive, SAME_CONTAINER, type Disruption } from './disruption.ts';

export const reboot: Disruption = {
  id: 'reboot',
  title: 'the host shuts down in order and boots; nobody runs `up`',
  needs: 'reboot',
  claims: { changes: ['boot', 'started'], keeps: ['engine', 'container', 'image', 'network', 'volume'] },
  effect: SAME_CONTAINER,
  expected: mustSurvive,
  async inject({ host, signal }) {
    if (!host.reboot) throw new Error('This host cannot reboot.');
    const bootMs = await host.reboot(signal);
    return [{ command: 'systemctl reboot', exitCode: null, output: '', bootMs }];
  },
};
