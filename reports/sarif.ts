import type { Log, ReportingDescriptor, Result } from 'sarif';
import type { Report, ReportFinding } from './model.ts';
import { rulePage } from './rule-page.ts';

const LEVELS = { error: 'error', warning: 'warning', info: 'note' } as const satisfies Record<
  ReportFinding['severity'],
  Result.level
>;

/**
 * The findings as SARIF 2.1.0, for code scanning: one result a finding. Paths are relative to the folder of the project.
 */
export function renderSarif({ tool, findings }: Pick<Report, 'tool' | 'findings'>): string {
  const rules = [...Map.groupBy(findings, ({ rule }) => rule).values()].flatMap(([first]) => first ?? []);
  const log: Log = {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'Outlast', semanticVersion: tool.version, rules: rules.map(descriptorOf) } },
        columnKind: 'utf16CodeUnits',
        results: findings.map((finding) => resultOf(finding, rules)),
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

function descriptorOf({ rule, severity, why, fix }: ReportFinding): ReportingDescriptor {
  return {
    id: rule,
    shortDescription: { text: rule.replaceAll('-', ' ') },
    fullDescription: { text: why },
    // Code scanning shows it beside the finding; there is no address that a link could lead to.
    help: { text: `${why} ${fix}`, markdown: rulePage(rule)?.markdown ?? `${why}\n\n**Fix:** ${fix}` },
    defaultConfiguration: { level: LEVELS[severity] },
  };
}

function resultOf(finding: ReportFinding, rules: readonly ReportFinding[]): Result {
  const { rule, severity, title, why, fix, file, line, fingerprint } = finding;
  return {
    ruleId: rule,
    ruleIndex: rules.findIndex((each) => each.rule === rule),
    level: LEVELS[severity],
    message: { text: `${title} ${why} ${fix}` },
    // Without a place, code scanning would not take it.
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: encodeURI(file ?? '.') },
          ...(line === null ? {} : { region: { startLine: line } }),
        },
      },
    ],
    partialFingerprints: { 'outlast/v1': fingerprint },
  };
}
