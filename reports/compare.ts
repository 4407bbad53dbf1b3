import { OUTCOMES, type Outcome } from '../helpers/verdict/model.ts';
import type { Report, ReportBaseline, ReportCell, ReportFinding } from './model.ts';

type FindingOf = NonNullable<ReportBaseline['newFindings']>[number];

/** How a run differs from an earlier one of the same stack: cells that are worse, better, or in one of the two alone, and findings that only one has. */
export function compare(before: Report, after: Report): ReportBaseline {
  const [earlier, later] = [standings(before), standings(after)];
  const changes = [...new Map([...earlier, ...later])].map(([key, { disruption, store }]) => {
    const [was, is] = [earlier.get(key), later.get(key)];
    const outages = { before: was?.outages ?? [], after: is?.outages ?? [] };
    const change = {
      disruption,
      store,
      before: was?.outcome ?? null,
      after: is?.outcome ?? null,
      ...(outages.before.length + outages.after.length > 0 ? { outages } : {}),
    };
    return { change, differs: was?.outcome !== is?.outcome, step: was && is ? is.rank - was.rank : null };
  });
  const those = (fits: (each: (typeof changes)[number]) => boolean) => changes.filter(fits).map(({ change }) => change);
  return {
    runId: before.runId,
    startedAt: before.startedAt,
    worse: those(({ step }) => step !== null && step < 0),
    better: those(({ step }) => step !== null && step > 0),
    other: those(({ step, differs }) => differs && (step === null || step === 0)),
    newFindings: beyond(after.findings, before.findings),
    goneFindings: beyond(before.findings, after.findings),
  };
}

/** The findings that others do not have, or not as often: a script may do the same twice. */
function beyond(findings: readonly ReportFinding[], others: readonly ReportFinding[]): FindingOf[] {
  const there = Map.groupBy(others, keyOf);
  return [...Map.groupBy(findings.filter(isOfFiles), keyOf)]
    .flatMap(([key, same]) => same.slice(there.get(key)?.length ?? 0))
    .map(({ rule, severity, service, file, line, title }) => ({ rule, severity, service, file, line, title }));
}

/** The line may have moved. What is graver now is another finding. */
function keyOf({ fingerprint, severity }: ReportFinding): string {
  return `${severity} ${fingerprint}`;
}

/** A refuted prediction is seen in a cell; where the cell did not run, it is not gone. */
function isOfFiles({ rule }: ReportFinding): boolean {
  return rule !== 'prediction-refuted';
}

interface Standing extends Pick<ReportCell, 'disruption' | 'store'> {
  readonly outcome: Outcome;
  readonly outages: readonly string[];
  /** The higher the better; what is as it should be is best, whatever it is. */
  readonly rank: number;
}

/** Of each store after each disruption, on whichever host it was worst. */
function standings({ cells }: Report): Map<string, Standing> {
  const worst = new Map<string, Standing>();
  for (const { status, disruption, store, outcome, ok, outages = [] } of cells) {
    if (status === 'not-applicable') continue;
    const key = `${disruption} ${store}`;
    const rank = ok ? OUTCOMES.length : OUTCOMES.indexOf(outcome);
    if (rank < (worst.get(key)?.rank ?? Infinity)) worst.set(key, { disruption, store, outcome, outages, rank });
  }
  return worst;
}
