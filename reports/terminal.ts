import { styleText } from 'node:util';
import Table from 'cli-table3';
import type { Report, ReportCell } from './model.ts';
import { printable } from './printable.ts';
import {
  badCells,
  changeLine,
  findingLine,
  gateLine,
  labelOf,
  MARKS,
  nameOf,
  nextStep,
  rowsOf,
  sentenceOf,
  sinceOf,
  type Standing,
  standingOf,
  storesOf,
  untriedLines,
  whyOf,
} from './summary.ts';

const WIDTH = 80;

type Colour = 'green' | 'yellow' | 'red' | 'dim';
export const COLOURS: Readonly<Record<Standing, Colour>> = {
  good: 'green',
  borrowed: 'yellow',
  accepted: 'yellow',
  bad: 'red',
  unknown: 'yellow',
  untried: 'yellow',
  none: 'dim',
};

/** So many of a kind are named: cells, changes, findings. */
const NAMED = 10;

export interface TerminalOptions {
  /** Decides on colours, with NO_COLOR and FORCE_COLOR; by default stdout. */
  readonly stream?: NodeJS.WritableStream;
  /** Without the matrix. */
  readonly brief?: boolean;
}

/** The report for a terminal of 80 columns; what to do next comes last. */
export function renderTerminal(
  given: Report,
  { stream = process.stdout, brief = false }: TerminalOptions = {},
): string {
  const report = tame(given);
  const paint: Paint = (colour, text) => styleText(colour, text, { stream });
  const next = nextStep(report);
  const colour = report.verdict === 'outlasts' ? 'green' : report.verdict === 'inconclusive' ? 'yellow' : 'red';
  return [
    ...(brief || report.cells.length === 0 ? [] : [...matrix(report, paint), '']),
    ...some(
      badCells(report).map((cell) => wrap(`${labelOf(cell)}  ${nameOf(cell, report)}: ${whyOf(cell, report)}`, '    ')),
    ),
    ...untriedLines(report).map((line) => paint('yellow', wrap(`${MARKS.untried} ${line}`, '    '))),
    ...borrowed(report).map((line) => paint('yellow', wrap(line, '    '))),
    ...changes(report, paint),
    paint(colour, wrap(sentenceOf(report), '')),
    ...(report.gate === null ? [] : [wrap(`Gate: ${gateLine(report.gate)}`, '      ')]),
    ...(next === null ? [] : [wrap(`Next: ${next}`, '      ')]),
  ].join('\n');
}

/** No text of the report steers the terminal. */
function tame<T>(value: T): T {
  const tamed = (part: unknown): unknown => {
    if (typeof part === 'string') return printable(part);
    if (Array.isArray(part)) return part.map(tamed);
    if (typeof part !== 'object' || part === null) return part;
    return Object.fromEntries(Object.entries(part).map(([key, inner]) => [key, tamed(inner)]));
  };
  return tamed(value) as T;
}

/** What is worse and better than before; what only one of two runs has tried is no news. */
function changes({ baseline }: Report, paint: Paint): string[] {
  if (baseline === null) return [];
  const { worse = [], better = [], newFindings = [], goneFindings = [] } = baseline;
  const lines = [
    ...some(worse.map((change) => paint('red', wrap(`Worse: ${changeLine(change)}`, '    ')))),
    ...some(better.map((change) => paint('green', wrap(`Better: ${changeLine(change)}`, '    ')))),
    ...some(newFindings.map((finding) => paint('yellow', wrap(`New finding: ${findingLine(finding)}`, '    ')))),
    ...some(goneFindings.map((finding) => paint('green', wrap(`Gone: ${findingLine(finding)}`, '    ')))),
  ];
  return lines.length === 0
    ? [wrap(`Neither worse nor better than ${sinceOf(baseline)}.`, '')]
    : [...lines, wrap(`Compared with ${sinceOf(baseline)}.`, '')];
}

function some(lines: readonly string[]): string[] {
  const rest = lines.length - NAMED;
  return [...lines.slice(0, NAMED), ...(rest > 0 ? [`  and ${rest} more`] : [])];
}

/** What has survived by luck, a line for each store. */
function borrowed({ cells }: Report): string[] {
  const lucky = Map.groupBy(
    cells.filter((cell) => standingOf(cell) === 'borrowed'),
    ({ store }) => store,
  );
  return [...lucky].map(
    ([store, own]) =>
      `${MARKS.borrowed} survived  ${store}: on borrowed time, in the container itself (${own.map(({ disruption }) => disruption).join(', ')})`,
  );
}

type Paint = (colour: Colour | 'bold', text: string) => string;

/** A line or a column of the matrix. */
interface Head {
  readonly label: string;
  /** What it is called above a column. */
  readonly short: string;
}

interface Layout {
  readonly down: readonly Head[];
  readonly across: readonly Head[];
  readonly cell: (down: string, across: string) => ReportCell | undefined;
  readonly text: (cell: ReportCell | undefined) => string;
  /** Characters between two columns. */
  readonly gap: number;
}

/** In words where they fit, else in marks below the names, else in marks below numbers, and only then in several tables. */
function matrix(report: Report, paint: Paint): string[] {
  const rows = new Map(
    rowsOf(report).map(({ label, cells }) => [label, new Map(cells.map((cell) => [cell.store, cell]))]),
  );
  const disruptions = [...rows.keys()].map(named);
  const stores = storesOf(report).map(named);
  const words: Layout = {
    down: disruptions,
    across: stores,
    cell: (disruption, store) => rows.get(disruption)?.get(store),
    text: labelOf,
    gap: 2,
  };
  if (fits(words)) return [tableOf(words, paint)];
  const marks: Layout = { ...words, text: markOf };
  if (fits(marks)) return [tableOf(marks, paint), '', MARKS_KEY];

  const turned = stores.length > disruptions.length;
  const across = (turned ? disruptions : stores).map(({ label }, index) => ({ label, short: String(index + 1) }));
  const numbered: Layout = {
    ...marks,
    down: turned ? stores : disruptions,
    across,
    gap: 1,
    cell: turned ? (store, disruption) => words.cell(disruption, store) : words.cell,
  };
  const key = wrap(across.map(({ label, short }) => `${short}\u00a0${label}`).join(', '), '');
  return [...split(numbered).map((part) => tableOf(part, paint)), '', key, MARKS_KEY];
}

function named(label: string): Head {
  return { label, short: label };
}

const MARKS_KEY = `${MARKS.good} as it must be, ${MARKS.borrowed} so far, ${MARKS.bad} not, ${MARKS.accepted} accepted, ${MARKS.unknown} unknown, ${MARKS.untried} not tried, ${MARKS.none} n/a`;

function markOf(cell: ReportCell | undefined): string {
  return cell === undefined ? '' : MARKS[standingOf(cell)];
}

/** A longer name of a line is cut. */
const LONGEST = 30;

function widthsOf({ down, across, cell, text, gap }: Layout): { first: number; others: number[] } {
  const widest = (texts: readonly string[]): number => Math.max(0, ...texts.map((each) => each.length)) + gap;
  return {
    first: Math.min(LONGEST, widest(down.map(({ label }) => label))),
    others: across.map(({ label, short }) => widest([short, ...down.map((each) => text(cell(each.label, label)))])),
  };
}

function fits(layout: Layout): boolean {
  const { first, others } = widthsOf(layout);
  return others.reduce((sum, width) => sum + width, first) <= WIDTH;
}

/** As few parts as it takes for each to fit. */
function split(layout: Layout): Layout[] {
  const { first, others } = widthsOf(layout);
  const perPart = Math.floor((WIDTH - first) / Math.max(...others));
  return Array.from({ length: Math.ceil(layout.across.length / perPart) }, (_, part) => ({
    ...layout,
    across: layout.across.slice(part * perPart, (part + 1) * perPart),
  }));
}

function tableOf(layout: Layout, paint: Paint): string {
  const { down, across, cell, text, gap } = layout;
  const { first, others } = widthsOf(layout);
  const table = new Table({
    head: ['', ...across.map(({ short }) => paint('bold', short))],
    colWidths: [first, ...others],
    chars: NO_LINES,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': gap },
  });
  for (const { label } of down) {
    const cells = across.map((each) => cell(label, each.label));
    table.push([
      label,
      ...cells.map((each) => (each === undefined ? '' : paint(COLOURS[standingOf(each)], text(each)))),
    ]);
  }
  return table.toString().replaceAll(/ +$/gm, '');
}

const NO_LINES = Object.fromEntries(
  'top,top-mid,top-left,top-right,bottom,bottom-mid,bottom-left,bottom-right,left,left-mid,mid,mid-mid,right,right-mid,middle'
    .split(',')
    .map((side) => [side, '']),
);

/** Breaks at spaces before the width is exceeded. */
function wrap(text: string, indent: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = indent + word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].join('\n');
}
