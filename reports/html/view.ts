import type { Element, Literal, Nodes } from 'hast';
import { toHtml } from 'hast-util-to-html';
import { type Child, h } from 'hastscript';
import type { Report, ReportCell } from '../model.ts';
import { labelOf, MARKS, rowsOf, standingOf, type Standing } from '../summary.ts';

/** A disruption on one host, with its cells. */
export interface Row {
  readonly label: string;
  readonly title: string | null;
  readonly anchor: string;
  readonly cells: readonly ReportCell[];
}

/** What the parts of the page have in common: the report, and where each of its cells stands on the page. */
export interface View {
  readonly report: Report;
  readonly rows: readonly Row[];
  readonly anchors: ReadonlyMap<ReportCell, string>;
}

export function viewOf(report: Report): View {
  const taken = new Set<string>();
  const anchors = new Map<ReportCell, string>();
  const rows = rowsOf(report).map(({ label, cells }): Row => {
    const anchor = unused(slug(label), taken);
    for (const cell of cells) anchors.set(cell, unused(`${anchor}.${slug(cell.store)}`, taken));
    return { label, cells, anchor, title: cells.find(({ title }) => title !== undefined)?.title ?? null };
  });
  return { report, rows, anchors };
}

function slug(text: string): string {
  return (
    text
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-|-$/g, '') || 'x'
  );
}

function unused(wanted: string, taken: Set<string>): string {
  let name = wanted;
  for (let count = 2; taken.has(name); count++) name = `${wanted}-${count}`;
  taken.add(name);
  return name;
}

/** How a cell looks: its standing, and apart from that what is right and yet no plain `survived`. */
export type Tone = Standing | 'required';

export function toneOf(cell: ReportCell): Tone {
  const standing = standingOf(cell);
  return standing === 'good' && cell.outcome !== 'survived' ? 'required' : standing;
}

export const TONES: Readonly<Record<Tone, { readonly mark: string; readonly meaning: string }>> = {
  good: { mark: MARKS.good, meaning: 'Every row came back, and the service works.' },
  required: { mark: MARKS.good, meaning: 'As it must be here: this one is meant to do that.' },
  borrowed: { mark: MARKS.borrowed, meaning: 'Came through, on borrowed time: the next new container loses it.' },
  accepted: { mark: MARKS.accepted, meaning: 'Not as it should be, and accepted.' },
  bad: { mark: MARKS.bad, meaning: 'Not as it should be.' },
  unknown: { mark: MARKS.unknown, meaning: 'Could not be shown either way; no pass.' },
  untried: { mark: MARKS.untried, meaning: 'Not tried here: another host or another configuration would.' },
  none: { mark: MARKS.none, meaning: 'Does not apply.' },
};

/** The outcome in a word, with its mark before it. */
export function outcomeChip(cell: ReportCell): Element {
  const tone = toneOf(cell);
  return h('span.chip', { className: [tone] }, mark(tone), ' ', wordOf(cell));
}

export function mark(tone: Tone): Element {
  return h('span.mark', { ariaHidden: 'true' }, TONES[tone].mark);
}

export function wordOf(cell: ReportCell): string {
  return standingOf(cell) === 'none' ? 'not applicable' : labelOf(cell).slice(2);
}

/** A sentence in which backticks mark what is typed. */
export function prose(text: string): (Element | string)[] {
  return text.split('`').map((part, index) => (index % 2 === 1 ? h('code', part) : part));
}

/** A part of the page, with the heading that it can be linked by. */
export interface Part {
  readonly id: string;
  readonly heading: string;
  readonly html: string;
}

export function section(id: string, heading: string, ...children: Child[]): Part {
  const html = write(
    h('section', { id, ariaLabelledBy: `${id}-heading` }, h('h2', { id: `${id}-heading` }, heading), ...children),
  );
  return { id, heading, html };
}

/** HTML already. */
export interface Written extends Literal {
  type: 'raw';
}

declare module 'hast' {
  interface ElementContentMap {
    raw: Written;
  }
  interface RootContentMap {
    raw: Written;
  }
}

/** As HTML; what comes from outside is escaped, and what was `written` is taken as it is. */
export function write(node: Nodes): string {
  return toHtml(node, { allowDangerousHtml: true });
}

/** Written at once, so that its tree can go: all trees of a large report are too much to hold. */
export function written(element: Element): Written {
  return { type: 'raw', value: write(element) };
}

/** Pairs of what and how much; what is null was not measured. */
export function facts(pairs: readonly (readonly [string, Child])[]): Element {
  return h(
    'dl.facts',
    pairs.map(([term, value]) => h('div', h('dt', term), h('dd', value ?? 'not measured'))),
  );
}

/** The head of a table that needs none to be seen. */
export function quietHead(...names: string[]): Element {
  return h(
    'thead.bare',
    h(
      'tr',
      names.map((name) => h('th', { scope: 'col' }, h('span.hidden', name))),
    ),
  );
}

/** May be wider than the page; by keyboard too. */
export function scrollable(label: string, child: Child): Element {
  return h('div.scroll', { role: 'group', ariaLabel: label, tabIndex: 0 }, child);
}
