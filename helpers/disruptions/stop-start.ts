import { composeStep, mustSurvive, SAME_CONTAINER, type Disruption } from './disruption.ts';

export const stopStart: Disruption = {
  id: 'stop-start',
  title: 'every container is stopped, then started',
  needs: 'nothing',
  claims: { changes: ['started'], keeps: ['boot', 'container', 'image', 'network', 'volume'] },
  effect: SAME_CONTAINER,
  expected: mustSurvive,
  inject: async (context) => [await composeStep(context, 'stop'), await composeStep(context, 'start')],
};
