import { h } from 'hastscript';
import type { Element } from 'hast';
import type { ReportCell } from '../model.ts';
import { duration } from '../duration.ts';
import { timeAxis } from './timeline.ts';
import { quietHead, section, toneOf, type Row, type View, type Part } from './view.ts';

/** How long each disruption kept the data from being read; a dot for each store. */
export function recovery({ rows }: View): Part | null {
  const timed = rows.flatMap((row) => {
    const cells = row.cells.filter(isTimed);
    return cells.length > 0 ? [{ row, cells }] : [];
  });
  if (timed.length === 0) return null;
  const axis = timeAxis(Math.max(...timed.flatMap(({ cells }) => cells.map(({ rtoMs }) => rtoMs))));
  const line = ({ row, cells }: { row: Row; cells: readonly TimedCell[] }): Element => {
    const times = cells.map(({ rtoMs }) => rtoMs);
    const [least, most] = [Math.min(...times), Math.max(...times)];
    return h(
      'tr',
      h('th', { scope: 'row' }, h('a', { href: `#${row.anchor}` }, row.label)),
      h(
        'td.plot',
        { ariaHidden: 'true' },
        h(
          'span.track',
          h('span.range', { style: `width:${axis.at(most)}` }),
          cells.map((cell) =>
            h('span.dot', {
              className: [toneOf(cell)],
              style: `left:${axis.at(cell.rtoMs)}`,
              title: `${cell.store}: ${duration(cell.rtoMs)}`,
            }),
          ),
        ),
      ),
      h(
        'td.number',
        least === most || duration(least) === duration(most)
          ? duration(most)
          : `${duration(least)} – ${duration(most)}`,
      ),
    );
  };
  return section(
    'recovery',
    'How long until the data could be read again',
    h('p.lead', 'From the start of the disruption to the first complete read. A dot is a store.'),
    h('div.recovery', h('table', quietHead('disruption', 'plot', 'time'), h('tbody', timed.map(line))), axis.ruler),
  );
}

type TimedCell = ReportCell & { readonly rtoMs: number };

function isTimed(cell: ReportCell): cell is TimedCell {
  return cell.rtoMs !== null;
}
