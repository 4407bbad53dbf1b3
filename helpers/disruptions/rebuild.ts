import { composeStep, mustSurvive, NEW_CONTAINER, type Disruption } from './disruption.ts';

export const rebuild: Disruption = {
  id: 'rebuild',
  title: 'the images are built anew and their containers replaced',
  needs: 'build',
  claims: { changes: ['image', 'container', 'started'], keeps: ['boot', 'network', 'volume'] },
  effect: NEW_CONTAINER,
  expected: mustSurvive,
  inject: async (context) => {
    await context.stack.project.outdateImages();
    return [await composeStep(context, 'up', '-d', '--build')];
  },
};
