import { h } from 'hastscript';
import type { Element } from 'hast';
import type { ReportBaseline } from '../model.ts';
import { sinceOf } from '../summary.ts';
import { section, type Part, type View } from './view.ts';

type Change = NonNullable<ReportBaseline['worse']>[number];

/** How this run differs from an earlier one. */
export function baseline({ report }: View): Part | null {
  if (report.baseline === null) return null;
  const { worse = [], better = [], other = [] } = report.baseline;
  const none = worse.length + better.length + other.length === 0;
  return section(
    'baseline',
    'Since the run before',
    h('p.lead', `Compared with ${sinceOf(report.baseline)}.`),
    none ? h('p', 'No cell differs.') : null,
    changes('Worse', 'bad', worse),
    changes('Better', 'good', better),
    changes('Other', 'none', other),
  );
}

function changes(heading: string, tone: string, list: readonly Change[]): Element | null {
  if (list.length === 0) return null;
  return h(
    'div',
    h('h3', `${heading}: ${list.length}`),
    h(
      'ul.lines',
      list.map(({ disruption, store, before, after }) =>
        h(
          'li',
          `${store} after ${disruption}: ${before ?? 'no such cell'} → `,
          h('span.chip', { className: [tone] }, after ?? 'no such cell'),
        ),
      ),
    ),
  );
}
