import type { Log, ReportingDescriptor, Result } from 'sarif';
import type { AuditReport, ReportFinding } from './audit.ts';
import { rulePage } from './audit.ts';

/** What SARIF needs to know of a rule. */
export interface SarifRule {
  readonly id: string;
  readonly severity: ReportFinding['severity'];
  readonly why: string;
  readonly fix: string;
}

const LEVELS = { error: 'error', warning: 'warning', info: 'note' } as const satisfies Record<
  ReportFinding['severity'],
  Result.level
>;

/** SARIF 2.1.0, for code scanning: one result a finding. Paths are relative to the folder of the project. */
export function renderSarif(report: AuditReport, rules: readonly SarifRule[]): string {
  const log: Log = {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'Outlast', semanticVersion: report.tool.version, rules: rules.map(descriptorOf) } },
        columnKind: 'utf16CodeUnits',
        results: report.findings.map((finding) => resultOf(finding, rules)),
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

function descriptorOf({ id, severity, why, fix }: SarifRule): ReportingDescriptor {
  return {
    id,
    shortDescription: { text: id.replaceAll('-', ' ') },
    fullDescription: { text: why },
    help: { text: `${why} ${fix}`, markdown: `${why}\n\n**Fix:** ${fix}\n\nSee \`${rulePage(id)}\`.` },
    defaultConfiguration: { level: LEVELS[severity] },
  };
}

function resultOf(finding: ReportFinding, rules: readonly SarifRule[]): Result {
  const { rule, severity, title, why, fix, file, line, fingerprint } = finding;
  return {
    ruleId: rule,
    ruleIndex: rules.findIndex(({ id }) => id === rule),
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
