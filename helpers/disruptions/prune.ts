import { asStep, composeStep, mustSurvive, NEW_PROJECT, type Disruption } from './disruption.ts';

/** What `docker system prune --volumes` removes, but for the build cache, which holds no data and outlives the run. */
const KINDS = ['container', 'network', 'image', 'volume'];

export const prune: Disruption = {
  id: 'prune',
  title: 'the stack is down while somebody cleans the host up, then it is made anew',
  optional: true,
  needs: 'own-host',
  claims: { changes: ['container', 'network', 'started'], keeps: ['boot', 'image', 'volume'] },
  effect: { ...NEW_PROJECT, 'anonymous-volume': 'lost' },
  expected: mustSurvive,
  async inject(context) {
    const { host, signal } = context;
    const down = await composeStep(context, 'down');
    const pruned = [];
    for (const kind of KINDS) {
      const args = [kind, 'prune', '--force'];
      pruned.push(asStep(`docker ${args.join(' ')}`, await host.cli(args, { signal })));
    }
    return [down, ...pruned, await composeStep(context, 'up', '-d', '--no-build')];
  },
};
