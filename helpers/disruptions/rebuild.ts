import { composeStep, mustSurvive, NEW_CONTAINER, type Disruption } from './disruption.ts';

export const rebuild: Disruption = {
  id: 'rebuild',
  title: 'the images are built anew, or are those of a later version, and their containers replaced',
  needs: 'build',
  claims: { changes: ['image', 'container', 'started'], keeps: ['boot', 'network', 'volume'] },
  effect: NEW_CONTAINER,
  expected: mustSurvive,
  async inject(context) {
    const versions = await context.stack.project.outdateImages();
    const up = await composeStep(context, 'up', '-d', '--build');
    return [versions.length === 0 ? up : { ...up, command: `${up.command}  # ${versions.join('; ')}` }];
  },
  /** What a later version did to the data stays done. */
  async heal(context) {
    const { project } = context.stack;
    if (!project.isLater) return [];
    await project.restoreImages(context.signal);
    return [await composeStep(context, 'up', '-d', '--no-build')];
  },
};
