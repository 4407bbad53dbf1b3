import { composeStep, mustSurvive, NEW_PROJECT, type Disruption } from './disruption.ts';

/** A stack that runs on while its folder is moved would still hold its ports and names, so it is taken down first. */
export const moveProject: Disruption = {
  id: 'move-project',
  title: 'the stack is down while its folder gets another name, then it is made anew there',
  optional: true,
  needs: 'nothing',
  claims: { changes: ['folder', 'container', 'network', 'started'], keeps: ['boot', 'image'] },
  effect: NEW_PROJECT,
  expected: mustSurvive,
  async inject(context) {
    const { stack, signal } = context;
    const down = await composeStep(context, 'down');
    const moved = await stack.project.move(signal);
    return [down, { command: moved, exitCode: 0, output: '' }, await composeStep(context, 'up', '-d', '--no-build')];
  },
  async heal(context) {
    const { project } = context.stack;
    if (!project.isMoved) return [];
    const down = await composeStep(context, 'down');
    const back = await project.moveBack();
    return [down, { command: back, exitCode: 0, output: '' }, await composeStep(context, 'up', '-d', '--no-build')];
  },
};
