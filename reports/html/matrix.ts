import { h } from 'hastscript';
import type { Element } from 'hast';
import type { ReportCell } from '../model.ts';
import { storesOf, untriedLines } from '../summary.ts';
import { mark, prose, scrollable, section, toneOf, TONES, type Tone, type View, wordOf, type Part } from './view.ts';

/** More columns than this leave no room for words. */
const ROOMY = 7;
/** Fewer than this do not fill the page. */
const WIDE = 4;

/** Stores against disruptions; the longer of the two goes down the page. */
export function matrix(view: View): Part | null {
  const { report, rows } = view;
  if (rows.length === 0) return null;
  const kinds = new Map(report.stores.map(({ id, kind, service }) => [id, `${kind} in ${service}`]));
  const stores = storesOf(report).map((id) => ({ label: id, about: kinds.get(id) ?? null, anchor: null }));
  const disruptions = rows.map(({ label, title, anchor }) => ({ label, about: title, anchor }));
  const byName = new Map(rows.map(({ label, cells }) => [label, new Map(cells.map((cell) => [cell.store, cell]))]));
  const cellAt = (disruption: string, store: string) => byName.get(disruption)?.get(store);
  const storesDown = stores.length > disruptions.length;
  const [down, across] = storesDown ? [stores, disruptions] : [disruptions, stores];

  const table = h(
    'table.matrix',
    { className: across.length > ROOMY ? ['dense'] : across.length < WIDE ? ['narrow'] : [] },
    h('caption.quiet', 'Each cell is one store after one disruption. Follow it to its evidence.'),
    h(
      'thead',
      h(
        'tr',
        h('td', { className: ['corner'] }),
        across.map((head) => h('th', { scope: 'col', title: head.about ?? undefined }, heading(head, !storesDown))),
      ),
    ),
    h(
      'tbody',
      down.map((head) =>
        h(
          'tr',
          h('th', { scope: 'row' }, heading(head, true)),
          across.map(({ label }) => tile(view, storesDown ? cellAt(label, head.label) : cellAt(head.label, label))),
        ),
      ),
    ),
  );
  return section(
    'matrix',
    'What survives what',
    agreement(report.cells),
    scrollable('What survives what', table),
    legend(report.cells),
    untriedLines(report).map((line) => h('p', prose(line))),
  );
}

interface Head {
  readonly label: string;
  readonly about: string | null;
  readonly anchor: string | null;
}

function heading({ label, about, anchor }: Head, explained: boolean): Element[] {
  const name = anchor === null ? h('span.name', label) : h('a.name', { href: `#${anchor}` }, label);
  return about !== null && explained ? [name, h('span.about', prose(about))] : [name];
}

function tile(view: View, cell: ReportCell | undefined): Element {
  if (cell === undefined) return h('td', h('span.hidden', 'no such cell'));
  const tone = toneOf(cell);
  const note = noteOf(cell, tone);
  return h(
    'td',
    h(
      'a.tile',
      { className: [tone], href: `#${view.anchors.get(cell) ?? ''}` },
      mark(tone),
      h('span.word', wordOf(cell)),
      note === null ? null : h('span.note', note),
      surprising(cell) ? h('span.note.surprise', `predicted ${cell.predicted}`) : null,
    ),
  );
}

/** What the outcome alone would hide. */
function noteOf({ outcome }: ReportCell, tone: Tone): string | null {
  if (tone === 'borrowed') return 'on borrowed time';
  if (tone === 'accepted') return 'accepted';
  if (tone === 'required') return outcome === 'lost' ? 'as it must be' : 'right here';
  return null;
}

/** Something was seen, and something was predicted. */
function isComparable({ status, predicted, outcome }: ReportCell): boolean {
  return status === 'ran' && predicted !== null && outcome !== 'unknown';
}

/** Seen otherwise than predicted. */
function surprising(cell: ReportCell): boolean {
  const { predicted, data, outcome } = cell;
  return isComparable(cell) && predicted !== data && predicted !== outcome;
}

/** How far the prediction holds against what was seen. */
function agreement(cells: readonly ReportCell[]): Element {
  const ran = cells.filter(isComparable);
  const wrong = ran.filter(surprising).length;
  const held =
    ran.length === 0
      ? 'Nothing was predicted of what was seen.'
      : wrong === 0
        ? `What was predicted of the data is what was seen, in ${ran.length} of ${ran.length} cells.`
        : `In ${wrong} of ${ran.length} cells something else was seen than predicted; they say so.`;
  return h('p.lead', held);
}

function legend(cells: readonly ReportCell[]): Element {
  const present = new Set(cells.map(toneOf));
  const tones = (Object.keys(TONES) as Tone[]).filter((tone) => present.has(tone));
  return h(
    'ul.legend',
    cells.some(surprising)
      ? h('li', h('span.key.corner', { ariaHidden: 'true' }), ' Something else was predicted.')
      : null,
    tones.map((tone) => h('li', h('span.key', { className: [tone] }, mark(tone)), ' ', TONES[tone].meaning)),
  );
}
