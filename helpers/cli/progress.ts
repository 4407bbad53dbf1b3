import { Listr, type ListrTask, PRESET_TIMER } from 'listr2';
import type { Audited } from '../audit/audit-project.ts';
import type { Disruption } from '../disruptions/disruption.ts';
import type { CellRecord } from '../scenario/record.ts';
import type { Phase } from '../scenario/scenario.ts';
import type { Session } from '../scenario/session.ts';

const PHASES: Record<Phase, string> = {
  write: 'writing rows',
  inject: 'disrupting',
  ready: 'waiting until ready',
  read: 'reading back',
};

/** Drives the session and shows where it stands; plain lines where there is no terminal. Fills `cells` as they come. @returns what was known before the first of them */
export async function showProgress(
  session: Session,
  disruptions: readonly Disruption[],
  cells: CellRecord[],
): Promise<Audited> {
  let audited: Audited | undefined;
  const tasks: ListrTask[] = [
    {
      title: 'Docker host',
      task: async (_, task) => {
        const host = await session.openHost();
        task.title = `Docker host: ${host.kind}, engine ${host.engineVersion}, Compose ${host.composeVersion}`;
      },
    },
    {
      title: 'Images',
      task: async (_, task) => {
        const project = await session.build();
        task.title = `Images: ${project.built.length > 0 ? `${project.built.join(', ')} built` : 'nothing to build'}`;
      },
    },
    {
      title: 'Audit',
      task: async (_, task) => {
        audited = await session.audit();
        const errors = audited.findings.filter(({ severity }) => severity === 'error').length;
        task.title = `Audit: ${audited.findings.length} findings, ${errors} of them errors`;
      },
    },
    {
      title: 'Stack',
      task: async (_, task) => {
        const matrix = await session.start();
        task.title = `Stack: ${session.services.length} services up, ${matrix.stores.length} stores: ${matrix.stores.map((store) => store.id).join(', ')}`;
      },
    },
    ...disruptions.map((disruption): ListrTask => ({
      title: `${disruption.id}: ${disruption.title}`,
      task: async (_, task) => {
        const done = await (
          await session.start()
        ).run(disruption, (phase) => {
          task.output = PHASES[phase];
        });
        cells.push(...done);
        task.title = `${disruption.id}: ${summary(done)}`;
      },
    })),
  ];
  await new Listr(
    tasks.map((task) => withoutSecrets(task, session)),
    {
      concurrent: false,
      exitOnError: true,
      // The interrupt is ours: everything is cleaned up before the process ends.
      registerSignalListeners: false,
      rendererOptions: { timer: PRESET_TIMER },
      fallbackRenderer: 'simple',
      fallbackRendererOptions: { timer: PRESET_TIMER },
    },
  ).run();
  return audited as Audited;
}

/** A task shows its own failure. */
function withoutSecrets(task: ListrTask, { redactor }: Session): ListrTask {
  const { task: work } = task;
  return {
    ...task,
    task: async (context, shown) => {
      try {
        await work(context, shown);
      } catch (error) {
        throw redactor.error(error);
      }
    },
  };
}

function summary(cells: readonly CellRecord[]): string {
  const outcomes = Map.groupBy(cells, (cell) => (cell.status === 'ran' ? cell.outcome : cell.status));
  return [...outcomes].map(([outcome, of]) => `${outcome} ${of.map((cell) => cell.store).join(', ')}`).join('; ');
}
