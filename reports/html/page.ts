import { h } from 'hastscript';
import type { Element } from 'hast';
import type { Report, Verdict } from '../model.ts';
import { badCells, nextStep, sentenceOf, storesOf } from '../summary.ts';
import { about } from './about.ts';
import { baseline } from './baseline.ts';
import { claims } from './claims.ts';
import { controls } from './controls.ts';
import { evidence, troubles } from './evidence.ts';
import { findings } from './findings.ts';
import { gate } from './gate.ts';
import { matrix } from './matrix.ts';
import { places } from './places.ts';
import { recovery } from './recovery.ts';
import { STYLE } from './style.ts';
import { type Part, prose, type View, viewOf, write } from './view.ts';

/** Nothing is loaded and no script runs, whatever the report says. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** The report as one HTML file: no script, nothing from elsewhere. */
export function renderHtml(report: Report): string {
  const view = viewOf(report);
  const parts = [
    matrix(view),
    gate(view),
    baseline(view),
    places(view),
    findings(view),
    recovery(view),
    evidence(view),
    claims(view),
    controls(view),
    about(view),
  ].filter((part) => part !== null);
  const head = h(
    'head',
    h('meta', { charSet: 'utf-8' }),
    h('meta', { httpEquiv: 'Content-Security-Policy', content: POLICY }),
    h('meta', { name: 'viewport', content: 'width=device-width, initial-scale=1' }),
    h('meta', { name: 'color-scheme', content: 'light dark' }),
    h('title', `Outlast: ${report.verdict}${report.stack === null ? '' : `, ${report.stack.name}`}`),
    h('style', STYLE),
  );
  const top = h(
    null,
    view.rows.length === 0 ? null : h('a.skip', { href: '#matrix' }, 'Skip to the matrix'),
    h('header', headline(view)),
    h('nav', { ariaLabel: 'Parts of the report' }, h('ul', parts.map(link))),
  );
  const footer = h(
    'footer',
    h(
      'p.quiet',
      `Outlast ${report.tool.version}. Everything here is also in report.json; what was not measured says so.`,
    ),
  );
  const main = parts.map(({ html }) => html).join('');
  return `<!doctype html><html lang="en">${write(head)}<body>${write(top)}<main>${main}</main>${write(footer)}</body></html>\n`;
}

const MARKS: Readonly<Record<Verdict, string>> = { outlasts: '✓', loses: '✗', fails: '✗', inconclusive: '?' };

function headline(view: View): Element {
  const { report, rows } = view;
  const next = nextStep(report);
  const stores = storesOf(report).length;
  const tried = rows.filter(({ cells }) => cells.some(({ status }) => status === 'ran')).length;
  return h(
    'div.verdict',
    { className: [report.verdict] },
    h(
      'p.kicker',
      h('strong', 'Outlast'),
      report.stack === null ? null : h('span', report.stack.name),
      h('time', { dateTime: report.startedAt }, report.startedAt.slice(0, 10)),
    ),
    h('h1', h('span.seal', { ariaHidden: 'true' }, MARKS[report.verdict]), h('span', sentenceOf(report))),
    rows.length === 0
      ? null
      : h(
          'p.lead',
          `Outlast ran a copy of the stack, wrote rows to ${count(stores, 'store')}, disrupted it in ${count(tried, 'way')}, and looked for every row again.`,
        ),
    next === null ? null : h('p.next', h('strong', 'Next: '), prose(next)),
    troubles(view, badCells(report)),
  );
}

function count(number: number, of: string): string {
  return `${number} ${of}${number === 1 ? '' : 's'}`;
}

function link({ id, heading }: Part): Element {
  return h('li', h('a', { href: `#${id}` }, heading));
}
