import { scaleLinear } from 'd3-scale';
import { h } from 'hastscript';
import type { Element } from 'hast';
import { type Stage, STAGES } from '../../helpers/verdict/model.ts';
import type { ReportCell, ReportSpan } from '../model.ts';
import { duration } from '../duration.ts';
import { quietHead } from './view.ts';

const WORDS: Readonly<Record<Stage, string>> = {
  write: 'write rows',
  inject: 'disrupt',
  boot: 'host boots',
  restore: 'restore',
  ready: 'wait until ready',
  read: 'first read',
  judge: 'check and judge',
};

/** Where the time of each cell went, all on one axis. */
export function timelines(cells: readonly ReportCell[]): Element | null {
  const ran = cells.filter(({ status }) => status === 'ran');
  if (ran.length === 0) return null;
  const timed = ran.filter(({ timeline }) => (timeline ?? []).length > 0);
  if (timed.length === 0) return h('p.quiet', 'Timeline: not measured.');
  const end = Math.max(...timed.map(({ timeline }) => timeline?.at(-1)?.endedMs ?? 0));
  const axis = timeAxis(end);
  const used = new Set(timed.flatMap(({ timeline }) => timeline?.map(({ stage }) => stage) ?? []));
  return h(
    'div.timelines',
    h(
      'table',
      h('caption', 'Where the time went'),
      quietHead('store', 'stages'),
      h(
        'tbody',
        timed.map((cell) => h('tr', h('th', { scope: 'row' }, cell.store), h('td', bar(cell.timeline ?? [], axis)))),
      ),
    ),
    axis.ruler,
    h(
      'ul.legend',
      STAGES.filter((stage) => used.has(stage)).map((stage) =>
        h('li', h('span.key', { className: [`stage-${stage}`] }), ' ', WORDS[stage]),
      ),
    ),
  );
}

function bar(spans: readonly ReportSpan[], axis: TimeAxis): Element {
  const told = spans.map(({ stage, beganMs, endedMs }) => `${WORDS[stage]} ${duration(endedMs - beganMs)}`);
  return h(
    'span.track',
    h('span.hidden', told.join(', ')),
    spans.map(({ stage, beganMs, endedMs }, index) =>
      h('span.span', {
        ariaHidden: 'true',
        className: [`stage-${stage}`],
        style: `left:${axis.at(beganMs)};width:calc(${axis.width(endedMs - beganMs)} + 1px)`,
        title: told[index],
      }),
    ),
  );
}

export interface TimeAxis {
  /** Place of an instant, as CSS wants it. */
  at(ms: number): string;
  width(ms: number): string;
  readonly ruler: Element;
}

function percent(value: number): string {
  return `${Math.round(value * 100) / 100}%`;
}

/** From 0 to a round number beyond the end. */
export function timeAxis(endMs: number): TimeAxis {
  const scale = scaleLinear()
    .domain([0, Math.max(endMs, 1)])
    .nice(4)
    .range([0, 100]);
  return {
    at: (ms) => percent(scale(ms)),
    width: (ms) => percent(scale(ms)),
    ruler: h(
      'div.ruler',
      { ariaHidden: 'true' },
      scale.ticks(4).map((tick) => h('span', { style: `left:${percent(scale(tick))}` }, duration(tick))),
    ),
  };
}
