import { performance } from 'node:perf_hooks';
import { styleText } from 'node:util';
import { Listr, type ListrTask, PRESET_TIMER } from 'listr2';
import { duration } from '../../reports/duration.ts';
import { countsOf, labelOf, standingOf } from '../../reports/summary.ts';
import { COLOURS } from '../../reports/terminal.ts';
import type { Audited } from '../audit/audit-project.ts';
import type { Disruption } from '../disruptions/disruption.ts';
import type { CellRecord } from '../scenario/record.ts';
import type { Phase } from '../scenario/scenario.ts';
import type { Session } from '../scenario/session.ts';
import type { Forecast } from './forecast.ts';

/** How much a run says while it runs: nothing, what it is at, or each of its steps with what it did. */
export type Detail = 'quiet' | 'normal' | 'verbose';

export interface ProgressOptions {
  readonly detail: Detail;
  readonly forecast: Forecast;
  /** Called as soon as the user's files were read, and before anything is built or started. */
  readonly onRead?: () => Promise<void>;
}

const PHASES: Record<Phase, string> = {
  renew: 'starting a fresh stack',
  write: 'writing rows',
  inject: 'disrupting',
  ready: 'waiting until ready',
  read: 'reading back',
};

type Say = (text: string) => void;

/** A part of the run, with its name in the list. */
interface Step {
  readonly name: string;
  readonly about?: string;
  /** @returns how it ended */
  readonly work: (say: Say) => Promise<string>;
}

/** Drives the session and shows where it stands; plain lines where there is no terminal. Fills `cells` as they come. @returns what was known before the first of them */
export async function showProgress(
  session: Session,
  disruptions: readonly Disruption[],
  cells: CellRecord[],
  options: ProgressOptions,
): Promise<Audited> {
  let audited: Audited | undefined;
  const beginning: Step[] = [
    {
      name: 'Docker host',
      work: async () => {
        const host = await session.openHost();
        await options.onRead?.();
        return `${host.kind}, engine ${host.engineVersion}, Compose ${host.composeVersion}`;
      },
    },
    {
      name: 'Images',
      work: async () => {
        const { built } = await session.build();
        return built.length > 0 ? `${built.join(', ')} built` : 'nothing to build';
      },
    },
    {
      name: 'Audit',
      work: async () => {
        audited = await session.audit();
        const errors = audited.findings.filter(({ severity }) => severity === 'error').length;
        return `${count(audited.findings.length, 'finding')}${errors > 0 ? `, ${count(errors, 'error')} among them` : ''}`;
      },
    },
    {
      name: 'Stack',
      work: async () => {
        const { stores } = await session.start();
        return `${count(session.services.length, 'service')} up, ${count(stores.length, 'store')}: ${namesOf(stores.map(({ id }) => id))}`;
      },
    },
  ];
  const tried = disruptions.map((disruption): Step => ({
    name: disruption.id,
    about: disruption.title,
    work: async (say) => {
      const matrix = await session.start();
      const began = performance.now();
      const done = await matrix.run(disruption, (phase) => say(PHASES[phase]));
      cells.push(...done);
      if (done.some(({ status }) => status === 'ran')) options.forecast.learn(performance.now() - began);
      if (options.detail === 'verbose') for (const line of detailsOf(done)) say(line);
      return summary(done);
    },
  }));
  await list([...beginning, ...tried], session, options).run();
  return audited as Audited;
}

function list(steps: readonly Step[], session: Session, { detail, forecast }: ProgressOptions): Listr {
  const live = detail === 'normal' && process.stdout.isTTY;
  const names = steps.map(({ name }) => name);
  const began = performance.now();
  const tasks = steps.map((step, index): ListrTask => {
    const head = step.about === undefined ? step.name : `${step.name}: ${step.about}`;
    return {
      title: live ? step.name : head,
      task: async (_, task) => {
        task.title = head;
        const started = performance.now();
        let doing = '';
        const show = (): void => {
          const now = performance.now();
          const clock = clockOf(now - began, forecast.left(names.slice(index), now - started));
          task.output = doing === '' ? clock : `${doing} · ${clock}`;
        };
        const say: Say = (text) => {
          doing = text;
          if (live) show();
          else if (detail === 'verbose') task.output = session.redactor.text(text);
        };
        if (live) show();
        const ticks = live ? setInterval(show, 1000) : undefined;
        try {
          task.title = session.redactor.text(`${step.name}: ${await step.work(say)}`);
        } catch (error) {
          // The list shows the failure.
          throw session.redactor.error(error);
        } finally {
          clearInterval(ticks);
        }
      },
    };
  });
  // A step that has ended is not yet one that went well.
  const looks = {
    timer: PRESET_TIMER,
    icon: { COMPLETED: '•' },
    color: { COMPLETED: (text = '') => styleText('dim', text) },
  };
  return new Listr(tasks, {
    concurrent: false,
    exitOnError: true,
    // The interrupt is ours: everything is cleaned up before the process ends.
    registerSignalListeners: false,
    rendererOptions: looks,
    fallbackRenderer: 'simple',
    fallbackRendererOptions: looks,
    fallbackRendererCondition: !live,
    silentRendererCondition: detail === 'quiet',
  });
}

/** How long the run has been at it, and how long it will be. */
function clockOf(elapsedMs: number, leftMs: number | null): string {
  const elapsed = `${duration(Math.floor(elapsedMs / 1000) * 1000)} so far`;
  if (leftMs === null) return elapsed;
  const left = leftMs < 5000 ? 'a few seconds' : `about ${duration(Math.ceil(leftMs / 5000) * 5000)}`;
  return `${elapsed}, ${left} left`;
}

/** More names than these are counted. */
const FEW = 5;

function namesOf(names: readonly string[]): string {
  const rest = names.length - FEW;
  return rest > 1 ? `${names.slice(0, FEW).join(', ')} and ${rest} more` : names.join(', ');
}

/** How a disruption ended, what went wrong first. */
function summary(cells: readonly CellRecord[]): string {
  const groups = Map.groupBy(cells, (cell) => labelOf(cell));
  const told = [...groups].map(([label, group]) => {
    const [first] = group;
    const standing = first === undefined ? 'none' : standingOf(first);
    const text = `${label} ${namesOf(group.map(({ store }) => store))}`;
    return { standing, text: styleText(COLOURS[standing], text, { stream: process.stdout }) };
  });
  const worstFirst = told.toSorted((a, b) => Number(a.standing === 'good') - Number(b.standing === 'good'));
  return worstFirst.map(({ text }) => text).join('; ');
}

/** What was done, and what became of each store's rows. */
function detailsOf(cells: readonly CellRecord[]): string[] {
  const commands = new Set(
    cells.flatMap(({ evidence }) => evidence.filter(({ kind }) => kind === 'command').map(({ text }) => text)),
  );
  const ran = cells.filter(({ status }) => status === 'ran');
  return [
    ...[...commands].map((command) => `$ ${command}`),
    ...ran.map((cell) => `${cell.store}: ${countsOf(cell)}; read again after ${duration(cell.rtoMs)}`),
  ];
}

function count(number: number, of: string): string {
  return `${number} ${of}${number === 1 ? '' : 's'}`;
}
