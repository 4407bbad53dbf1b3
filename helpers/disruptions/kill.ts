import { attestExits } from '../stack/attestation.ts';
import { composeStep, mustSurvive, SAME_CONTAINER, type Disruption } from './disruption.ts';

/** 128 and the number of SIGKILL: who is asked to stop may end as he likes. */
const KILLED = 'with 137';

export const kill: Disruption = {
  id: 'kill',
  title: 'every container is killed without warning, then started',
  needs: 'nothing',
  claims: { changes: ['started'], keeps: ['boot', 'container', 'image', 'network', 'volume'], ends: [KILLED] },
  effect: SAME_CONTAINER,
  expected: mustSurvive,
  async inject(context) {
    const { stack, host } = context;
    const killed = await composeStep(context, 'kill', '--signal', 'SIGKILL');
    const facts = await attestExits(host, stack.project.name);
    return [{ ...killed, facts }, await composeStep(context, 'start')];
  },
};
