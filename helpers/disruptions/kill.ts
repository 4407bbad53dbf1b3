import { composeStep, mustSurvive, SAME_CONTAINER, type Disruption } from './disruption.ts';

export const kill: Disruption = {
  id: 'kill',
  title: 'every container is killed without warning, then started',
  needs: 'nothing',
  claims: { changes: ['started'], keeps: ['boot', 'container', 'image', 'network', 'volume'] },
  effect: SAME_CONTAINER,
  expected: mustSurvive,
  inject: async (context) => [
    await composeStep(context, 'kill', '--signal', 'SIGKILL'),
    await composeStep(context, 'start'),
  ],
};
