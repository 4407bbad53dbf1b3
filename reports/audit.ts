import { VERSION } from '../helpers/own-package.ts';
import type { ReportCell, ReportFinding } from './model.ts';

/** How the findings can be printed. */
export const AUDIT_FORMATS = ['terminal', 'json', 'sarif'] as const;

/** What `outlast audit --format json` prints. */
export interface AuditReport {
  readonly schema: 'outlast.audit/1';
  readonly tool: { readonly version: string };
  readonly stack: { readonly name: string; readonly files: readonly string[]; readonly services: readonly string[] };
  readonly findings: readonly ReportFinding[];
  /** What will become of each store; `null` where the files alone do not tell. */
  readonly predictions: readonly Pick<ReportCell, 'disruption' | 'store' | 'predicted'>[];
}

export function makeAuditReport(content: Omit<AuditReport, 'schema' | 'tool'>): AuditReport {
  return { schema: 'outlast.audit/1', tool: { version: VERSION }, ...content };
}
