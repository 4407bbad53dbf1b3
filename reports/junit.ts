import { create } from 'xmlbuilder2';
import type { Report, ReportCell } from './model.ts';
import { countsOf, rowsOf, sentenceOf, whyOf } from './summary.ts';

/** An element: its attributes begin with `@`. */
type Xml = Readonly<Record<string, unknown>>;

interface Case {
  readonly ms: number;
  readonly end: 'passed' | 'failure' | 'error' | 'skipped';
  readonly xml: Xml;
}

/**
 * The report as JUnit XML: a suite for each disruption, a test for each store, and one test for the verdict of the run.
 * What is unknown or did not run is an error, what does not apply is skipped.
 */
export function renderJunit(report: Report): string {
  const suites = [
    suite('outlast', [verdictCase(report)], report),
    ...rowsOf(report).map(({ label, cells }) =>
      suite(
        `outlast.${label}`,
        cells.map((cell) => cellCase(label, cell, report)),
        report,
      ),
    ),
  ];
  const root = { testsuites: { '@name': 'outlast', testsuite: suites } };
  // Logs may hold characters that no XML may.
  return `${create({ encoding: 'UTF-8', invalidCharReplacement: '\uFFFD' }, root).end({ prettyPrint: true })}\n`;
}

function suite(name: string, cases: readonly Case[], { startedAt }: Report): Xml {
  const count = (end: Case['end']): number => cases.filter((each) => each.end === end).length;
  return {
    '@name': name,
    '@tests': cases.length,
    '@failures': count('failure'),
    '@errors': count('error'),
    '@skipped': count('skipped'),
    '@time': seconds(cases.reduce((sum, { ms }) => sum + ms, 0)),
    '@timestamp': startedAt.slice(0, 19),
    testcase: cases.map(({ xml }) => xml),
  };
}

/** Fails also where every cell is good and the run is not, as when it was interrupted. */
function verdictCase(report: Report): Case {
  const end = ({ outlasts: 'passed', loses: 'failure', fails: 'failure', inconclusive: 'error' } as const)[
    report.verdict
  ];
  return testCase('outlast', 'verdict', 0, end, report.verdict, sentenceOf(report), '');
}

function cellCase(label: string, cell: ReportCell, report: Report): Case {
  const lines = [
    `data ${cell.data}, service ${cell.service}; expected ${cell.expected.join(' or ') || 'nothing'}`,
    `${cell.attempted} attempted, ${countsOf(cell)}`,
    ...cell.evidence.map(({ kind, text }) => `${kind}: ${text}`),
  ];
  const why = whyOf(cell, report);
  const message = cell.status === 'not-applicable' ? why : `${cell.outcome}: ${why}`;
  return testCase(
    `outlast.${label}`,
    cell.store,
    cell.durationMs ?? 0,
    endOf(cell),
    cell.reason ?? cell.outcome,
    message,
    lines.join('\n'),
  );
}

function endOf({ status, ok, acceptedBy, outcome }: ReportCell): Case['end'] {
  if (status === 'not-applicable') return 'skipped';
  if (ok || acceptedBy !== null) return 'passed';
  return status === 'not-run' || outcome === 'unknown' ? 'error' : 'failure';
}

function testCase(
  classname: string,
  name: string,
  ms: number,
  end: Case['end'],
  type: string,
  message: string,
  text: string,
): Case {
  const attributes = { '@classname': classname, '@name': name, '@time': seconds(ms) };
  switch (end) {
    case 'passed':
      return { ms, end, xml: attributes };
    case 'skipped':
      return { ms, end, xml: { ...attributes, skipped: { '@message': message } } };
    case 'failure':
    case 'error':
      return { ms, end, xml: { ...attributes, [end]: { '@type': type, '@message': message, '#': text } } };
    default:
      return end satisfies never;
  }
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}
