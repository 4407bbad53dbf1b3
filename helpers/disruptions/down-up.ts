import { composeStep, mustSurvive, NEW_PROJECT, type Disruption } from './disruption.ts';

export const downUp: Disruption = {
  id: 'down-up',
  title: 'containers and networks are removed, then made anew',
  needs: 'nothing',
  claims: { changes: ['container', 'network', 'started'], keeps: ['boot', 'image', 'volume'] },
  effect: NEW_PROJECT,
  expected: mustSurvive,
  inject: async (context) => [await composeStep(context, 'down'), await composeStep(context, 'up', '-d', '--no-build')],
};
