import { h } from 'hastscript';
import type { Element } from 'hast';
import type { ReportBaseline } from '../model.ts';
import { findingLine, sideOf, sinceOf } from '../summary.ts';
import { prose, section, type Part, type View } from './view.ts';

/** How this run differs from an earlier one. */
export function baseline({ report }: View): Part | null {
  if (report.baseline === null) return null;
  const { worse = [], better = [], other = [], newFindings = [], goneFindings = [] } = report.baseline;
  const lists = [
    list('Worse', worse.map(changeOf('bad'))),
    list('Better', better.map(changeOf('good'))),
    list('Other', other.map(changeOf('none'))),
    list('New findings', newFindings.map(findingOf)),
    list('Findings that are gone', goneFindings.map(findingOf)),
  ].filter((each) => each !== null);
  return section(
    'baseline',
    'Since the run before',
    h('p.lead', `Compared with ${sinceOf(report.baseline)}.`),
    lists.length === 0 ? h('p', 'Nothing differs.') : lists,
  );
}

function list(heading: string, items: Element[]): Element | null {
  return items.length === 0 ? null : h('div', h('h3', `${heading}: ${items.length}`), h('ul.lines', items));
}

function changeOf(tone: string): (change: NonNullable<ReportBaseline['worse']>[number]) => Element {
  return ({ disruption, store, before, after, outages }) =>
    h(
      'li',
      `${store} after ${disruption}: ${sideOf(before, outages?.before)} → `,
      h('span.chip', { className: [tone] }, sideOf(after, outages?.after)),
    );
}

function findingOf(finding: NonNullable<ReportBaseline['newFindings']>[number]): Element {
  return h('li', prose(findingLine(finding)));
}
