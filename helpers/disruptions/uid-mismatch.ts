import type { Part } from '../stack/bind-owners.ts';
import type { RunningStack } from '../stack/stack.ts';
import { composeStep, SAME_CONTAINER, type Disruption, type Step } from './disruption.ts';

/**
 * Somebody else's folders, somebody else's files in them, or both.
 * Restarted, a service either cannot write and says so, or it is root and does not mind. It never serves other data.
 */
export function uidMismatch(part: Part): Disruption {
  return {
    id: part === 'both' ? 'uid-mismatch' : `uid-mismatch-${part}`,
    title: 'every container is stopped, the bind folders are given to another user, every container is started',
    optional: true,
    needs: 'bind',
    claims: { changes: ['owner', 'started'], keeps: ['boot', 'container', 'image', 'network', 'volume'] },
    effect: SAME_CONTAINER,
    // A service that fails without a reason anybody can see is no clear failure.
    expected: (_, explained) => (explained ? ['survived', 'unwritable', 'unavailable'] : ['survived']),
    patienceMs: 5000,
    async inject(context) {
      const { bindOwners } = context.stack.project;
      // Stopped in order, a database leaves no sidecars behind: it is found as it would be carried over from elsewhere.
      const stopped = await composeStep(context, 'stop');
      const given = asSteps(await bindOwners.give(part, await strangerTo(context.stack)));
      // Now: a service that sets its owners right at each start is sound, and leaves nothing of this to be seen.
      const facts = await bindOwners.facts();
      // Not `start`: that waits for what a service depends on, and here it may never come.
      return [stopped, ...given.map((step) => ({ ...step, facts })), await composeStep(context, 'restart')];
    },
    async heal(context) {
      const back = await context.stack.project.bindOwners.giveBack();
      return back.length === 0 ? [] : [...asSteps(back), await composeStep(context, 'restart')];
    },
  };
}

/** The first user of a Mac; whoever carries a folder over from there has this mismatch. */
const STRANGER = 501;

/** An id that owns nothing here and that no service runs as. */
async function strangerTo(stack: RunningStack): Promise<number> {
  const taken = await stack.project.bindOwners.ids();
  for (const { Config } of await stack.containers()) for (const id of Config.User.split(':')) taken.add(Number(id));
  let stranger = STRANGER;
  while (taken.has(stranger)) stranger++;
  return stranger;
}

function asSteps(commands: readonly string[]): Step[] {
  return commands.map((command) => ({ command, exitCode: 0, output: '' }));
}
