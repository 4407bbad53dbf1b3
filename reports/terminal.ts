import { styleText } from 'node:util';
import Table from 'cli-table3';
import type { Report, ReportCell } from './model.ts';
import {
  badCells,
  labelOf,
  nameOf,
  nextStep,
  rowsOf,
  sentenceOf,
  type Standing,
  standingOf,
  storesOf,
  whyOf,
} from './summary.ts';

const STORES_ABREAST = 4;
const FIRST_WIDTH = 18;
const STORE_WIDTH = 14;

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
    paint(colour, wrap(sentenceOf(report), '')),
    ...(next === null ? [] : [wrap(`Next: ${next}`, '      ')]),
  ].join('\n');
}

type Paint = (colour: Colour | 'bold', text: string) => string;

function matrices(report: Report, paint: Paint): string[] {
  const stores = storesOf(report);
  const tables: string[] = [];
  for (let from = 0; from < stores.length; from += STORES_ABREAST) {
    tables.push(matrix(report, stores.slice(from, from + STORES_ABREAST), paint));
  }
  return tables;
}

function matrix(report: Report, stores: readonly string[], paint: Paint): string {
  const table = new Table({
    head: ['', ...stores.map((store) => paint('bold', store))],
    colWidths: [FIRST_WIDTH, ...stores.map(() => STORE_WIDTH)],
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
    wordWrap: true,
    style: { head: [], border: [], 'padding-left': 1, 'padding-right': 0 },
  });
  for (const { label, cells } of rowsOf(report)) {
    const byStore = new Map(cells.map((cell) => [cell.store, cell]));
    table.push([label, ...stores.map((store) => painted(byStore.get(store), paint))]);
  }
  return table.toString();
}

function painted(cell: ReportCell | undefined, paint: Paint): string {
  return cell === undefined ? '' : paint(COLOURS[standingOf(cell)], labelOf(cell));
}

/** Breaks at spaces before column 80. */
function wrap(text: string, indent: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > 80) {
      lines.push(line);
      line = indent + word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].join('\n');
}
