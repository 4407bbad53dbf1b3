import { composeStep, mustSurvive, NEW_CONTAINER, type Disruption } from './disruption.ts';

export const recreate: Disruption = {
  id: 'recreate',
  title: 'every container is replaced by a new one of the same image',
  needs: 'nothing',
  claims: { changes: ['container', 'started'], keeps: ['boot', 'image', 'network', 'volume'] },
  effect: NEW_CONTAINER,
  expected: mustSurvive,
  inject: async (context) => [await composeStep(context, 'up', '-d', '--no-build', '--force-recreate')],
};
