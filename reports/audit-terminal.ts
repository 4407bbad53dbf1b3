import { stripVTControlCharacters, styleText } from 'node:util';
import { rulePage, type AuditReport } from './audit.ts';
import type { ReportFinding } from './model.ts';

export interface AuditTerminalOptions {
  /** Decides on colours, with NO_COLOR and FORCE_COLOR; by default stdout. */
  readonly stream?: NodeJS.WritableStream;
}

const COLOURS = { error: 'red', warning: 'yellow', info: 'cyan' } as const;

/** The findings for a terminal, the worst first. */
export function renderAudit(
  { findings, stack }: AuditReport,
  { stream = process.stdout }: AuditTerminalOptions = {},
): string {
  const blocks = findings.map((finding) => {
    const place = finding.file === null ? '' : `  ${finding.file}${finding.line === null ? '' : `:${finding.line}`}`;
    return [
      `${styleText(COLOURS[finding.severity], finding.severity, { stream })}  ${styleText('bold', finding.rule, { stream })}${styleText('dim', printable(place), { stream })}`,
      `  ${printable(finding.title)}`,
      ...(finding.excerpt == null ? [] : [indented(printable(finding.excerpt))]),
      `  ${finding.why}`,
      `  Fix: ${finding.fix}`,
      styleText('dim', `  ${rulePage(finding.rule)}`, { stream }),
    ].join('\n');
  });
  return [...blocks, `${stack.name}: ${tally(findings)}.`].join('\n\n');
}

function tally(findings: readonly ReportFinding[]): string {
  if (findings.length === 0) return 'nothing was found';
  return (['error', 'warning', 'info'] as const)
    .map((severity) => ({ severity, count: findings.filter((finding) => finding.severity === severity).length }))
    .filter(({ count }) => count > 0)
    .map(({ severity, count }) => `${count} ${severity}${count === 1 || severity === 'info' ? '' : 's'}`)
    .join(', ');
}

/** A name from outside must not steer the terminal. */
function printable(text: string): string {
  // eslint-disable-next-line no-control-regex
  return stripVTControlCharacters(text).replaceAll(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, '�');
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, '    ');
}
