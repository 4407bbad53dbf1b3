import { mustSurvive, SAME_CONTAINER, type Disruption } from './disruption.ts';

export const crash: Disruption = {
  id: 'crash',
  title: 'every process of the host dies at one instant, then it boots; nobody runs `up`',
  needs: 'crash',
  claims: { changes: ['boot', 'started'], keeps: ['engine', 'container', 'image', 'network', 'volume'] },
  effect: SAME_CONTAINER,
  expected: mustSurvive,
  async inject({ host, signal }) {
    if (!host.crash) throw new Error('This host cannot crash.');
    const bootMs = await host.crash(signal);
    return [{ command: 'echo b > /proc/sysrq-trigger', exitCode: null, output: '', bootMs }];
  },
};
