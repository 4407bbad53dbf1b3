import { h } from 'hastscript';
import type { Element } from 'hast';
import type { Child } from 'hastscript';
import { ADVICE } from '../advice.ts';
import type { Report, ReportCell } from '../model.ts';
import { whyOf } from '../summary.ts';
import { duration } from '../duration.ts';
import { timelines } from './timeline.ts';
import {
  facts,
  mark,
  outcomeChip,
  prose,
  type Row,
  scrollable,
  section,
  toneOf,
  type View,
  type Part,
  written,
} from './view.ts';

/** So many bad cells are shown open; more of them would bury the page. */
const FEW = 12;

/** Everything that a cell stands on, disruption by disruption. */
export function evidence(view: View): Part | null {
  if (view.rows.length === 0) return null;
  const open = view.report.cells.filter(isBad).length <= FEW;
  return section(
    'evidence',
    'The evidence',
    h('p.lead', 'What was done, how it is known to have happened, and what became of every row.'),
    h(
      'div.filter',
      h('input', { type: 'checkbox', id: 'only-bad' }),
      h('label', { htmlFor: 'only-bad' }, 'Only what is not as it should be'),
    ),
    view.rows.map((row) => written(disruption(row, view, open))),
  );
}

function isBad(cell: ReportCell): boolean {
  const tone = toneOf(cell);
  return tone === 'bad' || tone === 'unknown' || tone === 'accepted';
}

function disruption(row: Row, view: View, open: boolean): Element {
  const { cells, label, title, anchor } = row;
  const bad = cells.filter(isBad);
  const applicable = cells.filter(({ status }) => status !== 'not-applicable').length;
  const tally =
    applicable === 0
      ? cells.some((cell) => toneOf(cell) === 'untried')
        ? 'not tried here'
        : 'does not apply'
      : bad.length === 0
        ? `${applicable} of ${applicable} passed`
        : `${bad.length} of ${applicable} not as they should be`;
  const shared = sharedBy(cells);
  return h(
    'details.disruption',
    { open: open && bad.length > 0, className: bad.length > 0 ? [] : ['fine'] },
    h(
      'summary',
      h('h3', label),
      title === null ? null : h('span.about', prose(title)),
      h('span.tally', { className: bad.length > 0 ? ['warn'] : [] }, tally),
    ),
    h(
      'div.body',
      { id: anchor },
      hands(shared.commands),
      timelines(cells),
      shared.proof === null ? null : proof(shared.proof),
      cells.map((cell) => written(details(cell, shared, view, open))),
    ),
  );
}

/** What all cells of a disruption have in common is told once. */
interface Shared {
  readonly commands: readonly string[];
  readonly proof: ReportCell['proof'] | null;
}

function sharedBy(cells: readonly ReportCell[]): Shared {
  const ran = cells.filter(({ status }) => status === 'ran');
  const [first] = ran;
  if (!first) return { commands: [], proof: null };
  const all = (of: (cell: ReportCell) => unknown): boolean => {
    const text = JSON.stringify(of(first));
    return ran.every((cell) => JSON.stringify(of(cell)) === text);
  };
  return {
    commands: all(commandsOf) ? commandsOf(first) : [],
    proof: all((cell) => cell.proof) ? first.proof : null,
  };
}

function commandsOf(cell: ReportCell): string[] {
  return textsOf(cell, 'command');
}

function textsOf(cell: ReportCell, kind: ReportCell['evidence'][number]['kind']): string[] {
  return cell.evidence.filter((each) => each.kind === kind).map(({ text }) => text);
}

function hands(commands: readonly string[]): Element | null {
  if (commands.length === 0) return null;
  return h(
    'div',
    h('h4', 'What was done; the same by hand'),
    h('pre', { tabIndex: 0 }, h('code', commands.join('\n'))),
  );
}

/** Ids longer than this are cut: `report.json` has them whole. */
const LONG_ID = /\b[0-9a-f]{20,}\b/g;

function factValue(value: string | null | undefined): Child {
  if (value === null || value === undefined) return 'not measured';
  return h('code', shortened(value));
}

function shortened(text: string): string {
  return text.replaceAll(LONG_ID, (id) => `${id.slice(0, 12)}…`);
}

function proof({ before, after, changed, unchanged }: ReportCell['proof']): Element {
  const names = [...new Set([...changed, ...unchanged, ...Object.keys(before), ...Object.keys(after)])];
  if (names.length === 0) return h('p.quiet', 'Proof: not measured.');
  return h(
    'details.proof',
    h(
      'summary',
      `Proof that it happened: ${changed.length} ${changed.length === 1 ? 'fact' : 'facts'} changed, ${unchanged.length} stayed`,
    ),
    scrollable(
      'Proof',
      h(
        'table.plain',
        h(
          'thead',
          h(
            'tr',
            ['fact', 'before', 'after', ''].map((head) => (head === '' ? h('td') : h('th', { scope: 'col' }, head))),
          ),
        ),
        h(
          'tbody',
          names.map((name) =>
            h(
              'tr',
              h('th', { scope: 'row' }, name),
              h('td', factValue(before[name])),
              h('td', factValue(after[name])),
              h('td', changed.includes(name) ? h('strong', 'changed') : unchanged.includes(name) ? 'the same' : ''),
            ),
          ),
        ),
      ),
    ),
  );
}

function details(cell: ReportCell, shared: Shared, view: View, open: boolean): Element {
  const bad = isBad(cell);
  return h(
    'details.cell',
    { open: open && bad, className: [toneOf(cell), ...(bad ? [] : ['fine'])] },
    h('summary', outcomeChip(cell), h('h4', cell.store), h('span.about', inShort(cell, view.report))),
    h('div.body', { id: view.anchors.get(cell) }, cell.status === 'ran' ? judged(cell, shared) : idle(cell)),
  );
}

/** What stands beside the outcome in its line. */
function inShort(cell: ReportCell, report: Report): string {
  if (cell.status !== 'ran' || cell.intact === null) return whyOf(cell, report);
  const rows = `${cell.intact} of ${cell.acknowledged} rows came back`;
  return cell.reason === null ? rows : `${rows}. ${whyOf(cell, report)}`;
}

function idle(cell: ReportCell): (Element | null)[] {
  return [advice(cell), ...witness(cell, [])];
}

function judged(cell: ReportCell, shared: Shared): (Element | null)[] {
  return [
    advice(cell),
    cell.acceptedBy === null ? null : h('p', `Accepted: ${cell.acceptedBy}.`),
    facts([
      ['Predicted', cell.predicted ?? 'not predicted'],
      ['Seen', cell.outcome],
      ['Right here', cell.expected.join(' or ') || 'nothing'],
      ['Data', cell.data],
      ['Service', cell.service],
      ...((cell.outages ?? []).length > 0 ? [['Down besides', (cell.outages ?? []).join(', ')] as const] : []),
      ['Read again after', duration(cell.rtoMs)],
      [
        'Writes gone',
        cell.rpoMs === 0 ? 'none' : cell.rpoMs === null ? 'not measured' : `the last ${duration(cell.rpoMs)}`,
      ],
      ['Whole cell', duration(cell.durationMs)],
    ]),
    ledger(cell),
    ...(shared.proof === null ? [proof(cell.proof)] : []),
    ...witness(cell, shared.commands),
  ];
}

/** What to do about it, where there is anything to do. */
function advice({ reason, ok }: ReportCell): Element | null {
  return reason === null || (ok && reason !== 'borrowed-time') ? null : h('p', prose(ADVICE[reason]));
}

const COUNTS = [
  ['attempted', 'writes begun'],
  ['acknowledged', 'confirmed'],
  ['rejected', 'refused'],
  ['indeterminate', 'end unknown'],
  ['intact', 'read back the same'],
  ['lost', 'lost'],
  ['corrupt', 'changed'],
  ['unexpected', 'never confirmed, yet there'],
  ['recovered', 'end unknown, yet there'],
] as const;

/** What the ledger outside of the stack says of the rows. */
function ledger(cell: ReportCell): Element {
  return h(
    'div',
    h('h5', 'The ledger'),
    h(
      'dl.counts',
      COUNTS.map(([name, words]) => {
        const count = cell[name];
        const alarming = (name === 'lost' || name === 'corrupt') && count !== null && count > 0;
        return h(
          'div',
          { className: count === null ? ['unmeasured'] : count === 0 ? ['zero'] : alarming ? ['alarming'] : [] },
          h('dt', words),
          h('dd', count === null ? 'not measured' : String(count)),
        );
      }),
    ),
  );
}

function list(heading: string, texts: readonly string[]): Element | null {
  const lines = texts.map((text) => h('li', text));
  return lines.length === 0 ? null : h('div', h('h5', heading), h('ul.lines', lines));
}

/** The lines of evidence, by what they are. */
function witness(cell: ReportCell, told: readonly string[]): (Element | null)[] {
  const own = told.length > 0 ? [] : commandsOf(cell);
  const logs = textsOf(cell, 'log');
  return [
    hands(own),
    list('Rows', textsOf(cell, 'rows')),
    list("The store's own check (decides nothing)", textsOf(cell, 'integrity')),
    list('Noted', textsOf(cell, 'note').map(shortened)),
    logs.length === 0 ? null : h('div', h('h5', 'Log'), h('pre', { tabIndex: 0 }, logs.join('\n'))),
  ];
}

/** The worst cells in a few words, each a link to its evidence. */
export function troubles(view: View, bad: readonly ReportCell[]): Element | null {
  if (bad.length === 0) return null;
  const shown = bad.slice(0, 5);
  const rest = bad.length - shown.length;
  return h(
    'div.troubles',
    h('h2', 'Look here first'),
    h(
      'ol',
      shown.map((cell) =>
        h(
          'li',
          h(
            'a',
            { href: `#${view.anchors.get(cell) ?? ''}` },
            h('span.chip', { className: [toneOf(cell)] }, mark(toneOf(cell)), ' ', cell.outcome),
            ' ',
            `${cell.store} after ${cell.disruption}`,
          ),
          h('span', inShort(cell, view.report)),
        ),
      ),
    ),
    rest > 0 ? h('p.quiet', `And ${rest} more, in the evidence below.`) : null,
  );
}
