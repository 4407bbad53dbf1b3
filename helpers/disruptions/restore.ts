import { mustSurvive, RESTORED, type Disruption, type DisruptionContext, type Step } from './disruption.ts';

export const restore: Disruption = {
  id: 'restore',
  title: 'everything is destroyed and comes back from the backup, into an empty place',
  optional: true,
  needs: 'backup',
  claims: { changes: ['container', 'started', 'network', 'volume'], keeps: ['machine', 'boot', 'engine', 'image'] },
  effect: RESTORED,
  expected: mustSurvive,
  inject: destroySource,
};

/** What a burnt-out host takes along. */
export async function destroySource({ stack }: DisruptionContext): Promise<Step[]> {
  await stack.project.erase();
  return [
    { command: 'docker compose down --volumes', exitCode: null, output: '' },
    { command: 'rm -rf the source of every bind', exitCode: null, output: '' },
  ];
}
