import { composeStep, NO_VOLUMES, type Disruption } from './disruption.ts';

export const downVolumes: Disruption = {
  id: 'down-volumes',
  title: 'containers, networks and volumes are removed, then made anew',
  needs: 'nothing',
  claims: { changes: ['container', 'network', 'started', 'volume'], keeps: ['boot', 'image'] },
  effect: NO_VOLUMES,
  // A volume that outlives its own removal says that the harness looked in the wrong place.
  expected: (layer) => [NO_VOLUMES[layer] === 'lost' ? 'lost' : 'survived'],
  inject: async (context) => [
    await composeStep(context, 'down', '--volumes'),
    await composeStep(context, 'up', '-d', '--no-build'),
  ],
};
