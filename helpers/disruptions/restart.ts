import { composeStep, mustSurvive, SAME_CONTAINER, type Disruption } from './disruption.ts';

export const restart: Disruption = {
  id: 'restart',
  title: 'every container is restarted',
  needs: 'nothing',
  claims: { changes: ['started'], keeps: ['boot', 'container', 'image', 'network', 'volume'] },
  effect: SAME_CONTAINER,
  expected: mustSurvive,
  inject: async (context) => [await composeStep(context, 'restart')],
};
