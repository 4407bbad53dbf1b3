import { hasOutage, isAsExpected, type JudgedCell, verdictOf, type Verdict } from '../helpers/verdict/expectation.ts';
import { worstOutcome } from '../helpers/verdict/judge.ts';
import type { Counts, Outcome } from '../helpers/verdict/model.ts';
import type { OwnVerdict } from '../helpers/verdict/own-data.ts';

/** Something that a report says and that something else in it denies. */
export interface Contradiction {
  /** Of the key that is denied. */
  readonly path: (string | number)[];
  readonly message: string;
}

interface Cell extends JudgedCell, Counts {
  readonly disruption: string;
  readonly store: string;
  readonly host: string;
  readonly expected: readonly Outcome[];
  readonly own?: { readonly verdict: OwnVerdict } | null | undefined;
}

interface Whole {
  readonly verdict: Verdict;
  readonly hosts: readonly { readonly id: string }[];
  readonly stores: readonly { readonly id: string }[];
  readonly cells: readonly Cell[];
  readonly gate: { readonly decision: 'allowed' | 'refused'; readonly reasons: readonly unknown[] } | null;
}

type Statement = readonly [isDenied: boolean, path: (string | number)[], message: string];

function denied(statements: readonly Statement[]): Contradiction[] {
  return statements.filter(([isDenied]) => isDenied).map(([, path, message]) => ({ path, message }));
}

/** What follows of a cell from the rest of it: the worst of data and service, whether that was hoped for, and the sums of its counts. */
export function contradictionsOf(cell: Cell): Contradiction[] {
  const { status, outcome, data, service, expected, ok, acceptedBy, own } = cell;
  const worst = status === 'ran' ? worstOutcome(data, service) : 'unknown';
  const isOut = hasOutage(cell);
  const isGood = status === 'ran' ? isAsExpected({ ...cell, outcome: worst }) : status === 'not-applicable';
  const { attempted, acknowledged, rejected, indeterminate } = cell;
  const { intact, lost, corrupt, unexpected, recovered } = cell;
  const unread = [intact, lost, corrupt, unexpected, recovered].filter((count) => count === null).length;
  const read = intact === null || lost === null || corrupt === null ? null : intact + lost + corrupt;
  const isWhole = read !== null && acknowledged > 0 && intact === acknowledged && own?.verdict !== 'lost';
  return denied([
    [outcome !== worst, ['outcome'], `${outcome}, with data ${data} and service ${service} (${status}): ${worst}`],
    [
      ok !== isGood,
      ['ok'],
      `${ok}, ${status} with outcome ${worst} and service ${service} where ${expected.join(' or ') || 'nothing'} is expected${isOut ? ', and another service is down' : ''}`,
    ],
    [
      acceptedBy !== null && (status !== 'ran' || isGood || isOut || worst === 'unknown' || worst === 'survived'),
      ['acceptedBy'],
      `accepted, and there is nothing that could be: ${status}, ${worst}`,
    ],
    [
      attempted !== acknowledged + rejected + indeterminate,
      ['attempted'],
      `${attempted} attempted, of them ${acknowledged} acknowledged, ${rejected} rejected, ${indeterminate} indeterminate`,
    ],
    [unread !== 0 && unread !== 5, ['intact'], 'read back in part: of the counts some are null and some are not'],
    [
      read !== null && read !== acknowledged,
      ['acknowledged'],
      `${acknowledged} acknowledged, of them ${intact} intact, ${lost} lost, ${corrupt} corrupt`,
    ],
    [
      data === 'survived' && !isWhole,
      ['data'],
      `survived, with ${intact ?? 'nobody knows how many'} of ${acknowledged} acknowledged rows intact${own ? `, the app's own data ${own.verdict}` : ''}`,
    ],
  ]);
}

/** What follows of a report from its cells: the verdict, that each stands there once, and of what is there. */
export function contradictionsIn({ verdict, hosts, stores, cells, gate }: Whole): Contradiction[] {
  const follows = verdictOf(cells);
  // Good cells do not make a run whole that ended early.
  const isCut = verdict === 'inconclusive' && follows === 'outlasts';
  const refuses = gate !== null && gate.reasons.length > 0;
  return [
    ...denied([
      [verdict !== follows && !isCut, ['verdict'], `${verdict}, and the cells say ${follows}`],
      [
        gate !== null && (gate.decision === 'refused') !== refuses,
        ['gate', 'decision'],
        `${gate?.decision}, with ${gate?.reasons.length} reasons to refuse`,
      ],
    ]),
    ...twice(hosts, ({ id }) => id, 'hosts'),
    ...twice(stores, ({ id }) => id, 'stores'),
    ...twice(cells, keyOf, 'cells'),
    ...strangers(cells, 'store', stores),
    ...strangers(cells, 'host', hosts),
  ];
}

/** One store after one disruption on one host. */
export function keyOf({ disruption, store, host }: Pick<Cell, 'disruption' | 'store' | 'host'>): string {
  return `${disruption} × ${store} on ${host}`;
}

function twice<T>(items: readonly T[], nameOf: (item: T) => string, list: string): Contradiction[] {
  const seen = new Set<string>();
  return items.flatMap((item, index) => {
    const name = nameOf(item);
    const isThere = seen.has(name);
    seen.add(name);
    return isThere ? [{ path: [list, index], message: `${name} stands there twice` }] : [];
  });
}

/** What is good must be of something; what is bad may be of a test that never came so far. */
function strangers(
  cells: readonly Cell[],
  key: 'store' | 'host',
  listed: readonly { readonly id: string }[],
): Contradiction[] {
  const ids = new Set(listed.map(({ id }) => id));
  return cells.flatMap((cell, index) =>
    cell.ok && cell.status === 'ran' && !ids.has(cell[key])
      ? [
          {
            path: ['cells', index, key],
            message: `${keyOf(cell)} is as it should be, and no ${key} is called ${cell[key]}`,
          },
        ]
      : [],
  );
}
