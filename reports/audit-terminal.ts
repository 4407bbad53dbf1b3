import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { styleText } from 'node:util';
import type { AuditReport } from './audit.ts';
import type { ReportFinding } from './model.ts';
import { printable } from './printable.ts';
import { rulePage } from './rule-page.ts';

export interface AuditTerminalOptions {
  /** Where it is read: pages of rules below it are named from there. */
  readonly cwd: string;
  /** Decides on colours, with NO_COLOR and FORCE_COLOR; by default stdout. */
  readonly stream?: NodeJS.WritableStream;
}

const COLOURS = { error: 'red', warning: 'yellow', info: 'cyan' } as const;

/** The findings for a terminal, the worst first. */
export function renderAudit(
  { findings, stack }: AuditReport,
  { cwd, stream = process.stdout }: AuditTerminalOptions,
): string {
  const blocks = findings.map((finding) => {
    const place = finding.file === null ? '' : `  ${finding.file}${finding.line === null ? '' : `:${finding.line}`}`;
    return [
      `${styleText(COLOURS[finding.severity], finding.severity, { stream })}  ${styleText('bold', finding.rule, { stream })}${styleText('dim', printable(place), { stream })}`,
      `  ${printable(finding.title)}`,
      ...(finding.excerpt == null ? [] : [indented(printable(finding.excerpt))]),
      `  ${finding.why}`,
      `  Fix: ${finding.fix}`,
      ...pageOf(finding, cwd).map((page) => styleText('dim', `  ${page}`, { stream })),
    ].join('\n');
  });
  return [...blocks, `${stack.name}: ${tally(findings)}.`].join('\n\n');
}

/** A file that is there, wherever Outlast is installed. */
function pageOf({ rule }: ReportFinding, cwd: string): string[] {
  const page = rulePage(rule);
  if (page === null) return [];
  const path = fileURLToPath(page.file);
  const below = relative(cwd, path);
  return [below.startsWith('..') ? path : below];
}

function tally(findings: readonly ReportFinding[]): string {
  if (findings.length === 0) return 'nothing was found';
  return (['error', 'warning', 'info'] as const)
    .map((severity) => ({ severity, count: findings.filter((finding) => finding.severity === severity).length }))
    .filter(({ count }) => count > 0)
    .map(({ severity, count }) => `${count} ${severity}${count === 1 || severity === 'info' ? '' : 's'}`)
    .join(', ');
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, '    ');
}
