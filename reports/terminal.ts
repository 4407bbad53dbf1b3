import { styleText } from 'node:util';
import Table from 'cli-table3';
import type { Report, ReportCell } from './model.ts';
import {
  badCells,
  changeLine,
  gateLine,
  labelOf,
  nameOf,
  nextStep,
  rowsOf,
  sentenceOf,
  sinceOf,
  type Standing,
  standingOf,
  storesOf,
  whyOf,
} from './summary.ts';

const WIDTH = 80;

type Colour = 'green' | 'yellow' | 'red' | 'dim';
const COLOURS: Readonly<Record<Standing, Colour>> = {
  good: 'green',
  accepted: 'yellow',
  bad: 'red',
  unknown: 'yellow',
  none: 'dim',
};

export interface TerminalOptions {
  /** Decides on colours, with NO_COLOR and FORCE_COLOR; by default stdout. */
  readonly stream?: NodeJS.WritableStream;
}

/** The report for a terminal of 80 columns. */
export function renderTerminal(report: Report, { stream = process.stdout }: TerminalOptions = {}): string {
  const paint = (colour: Colour | 'bold', text: string): string => styleText(colour, text, { stream });
  const next = nextStep(report);
  const colour = report.verdict === 'outlasts' ? 'green' : report.verdict === 'inconclusive' ? 'yellow' : 'red';
  return [
    ...matrices(report, paint),
    ...badCells(report).map((cell) => wrap(`${labelOf(cell)}  ${nameOf(cell, report)}: ${whyOf(cell)}`, '    ')),
    ...changes(report, paint),
    paint(colour, wrap(sentenceOf(report), '')),
    ...(report.gate === null ? [] : [wrap(`Gate: ${gateLine(report.gate)}`, '      ')]),
    ...(next === null ? [] : [wrap(`Next: ${next}`, '      ')]),
  ].join('\n');
}

/** What is worse and better than before; what only one of two runs has tried is no news. */
function changes({ baseline }: Report, paint: Paint): string[] {
  if (baseline === null) return [];
  const { worse = [], better = [] } = baseline;
  if (worse.length + better.length === 0) return [wrap(`Neither worse nor better than ${sinceOf(baseline)}.`, '')];
  return [
    ...worse.map((change) => paint('red', wrap(`Worse: ${changeLine(change)}`, '    '))),
    ...better.map((change) => paint('green', wrap(`Better: ${changeLine(change)}`, '    '))),
    wrap(`Compared with ${sinceOf(baseline)}.`, ''),
  ];
}

type Paint = (colour: Colour | 'bold', text: string) => string;

/** One table, or as many as it takes to stay within the width. */
function matrices(report: Report, paint: Paint): string[] {
  const rows = rowsOf(report).map(({ label, cells }) => ({
    label,
    byStore: new Map(cells.map((cell) => [cell.store, cell])),
  }));
  const first = columnWidth(rows.map(({ label }) => label));
  const tables: Column[][] = [[]];
  let taken = first;
  for (const store of storesOf(report)) {
    const width = columnWidth([store, ...rows.map(({ byStore }) => textOf(byStore.get(store)))]);
    if (taken + width > WIDTH - 1) {
      tables.push([]);
      taken = first;
    }
    tables.at(-1)?.push({ store, width });
    taken += width;
  }
  return tables.map((columns) => {
    const table = new Table({
      head: ['', ...columns.map(({ store }) => paint('bold', store))],
      colWidths: [first, ...columns.map(({ width }) => width)].map((width) => width - 1),
      chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
      style: { head: [], border: [], 'padding-left': 1, 'padding-right': 0 },
    });
    for (const { label, byStore } of rows) {
      table.push([label, ...columns.map(({ store }) => painted(byStore.get(store), paint))]);
    }
    return table.toString();
  });
}

interface Column {
  readonly store: string;
  /** Characters that it takes, with padding and one border. */
  readonly width: number;
}

function columnWidth(texts: readonly string[]): number {
  return Math.min(30, Math.max(...texts.map((text) => text.length)) + 2);
}

function textOf(cell: ReportCell | undefined): string {
  return cell === undefined ? '' : labelOf(cell);
}

function painted(cell: ReportCell | undefined, paint: Paint): string {
  return cell === undefined ? '' : paint(COLOURS[standingOf(cell)], textOf(cell));
}

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
