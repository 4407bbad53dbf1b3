import { isAbsolute, join, resolve } from 'node:path';
import { readFileSync } from 'node:fs';
import { auditProject, type Audited } from '../audit/audit-project.ts';
import { excerptOf, maskedCompose, maskedText } from '../audit/excerpt.ts';
import { RULES } from '../audit/rules/catalogue.ts';
import { outlastHome } from '../home.ts';
import { findAmbientEngine } from '../host/ambient-host.ts';
import { openComposeCli } from '../host/compose-cli.ts';
import { readConfig } from '../config/config.ts';
import { findComposeFiles } from '../stack/compose-files.ts';
import { leaveOut } from '../stack/leave-out.ts';
import { resolveProject } from '../stack/project-model.ts';
import { makeAuditReport, type ReportFinding } from '../../reports/audit.ts';
import { renderAudit } from '../../reports/audit-terminal.ts';
import { renderSarif } from '../../reports/sarif.ts';

export const AUDIT_FORMATS = ['terminal', 'json', 'sarif'] as const;

export interface AuditOptions {
  readonly file: readonly string[];
  readonly profile: readonly string[];
  readonly envFile: readonly string[];
  readonly format: (typeof AUDIT_FORMATS)[number];
  readonly config?: string;
}

/**
 * `outlast audit`: what the files of the stack tell, without starting anything.
 * @returns the exit code: 1 with a finding of severity `error`, else 0
 * @throws OutlastError for what keeps the files from being read
 */
export async function audit(options: AuditOptions, signal: AbortSignal): Promise<number> {
  const compose = await findComposeFiles(options.file, process.cwd());
  const [cli, engine] = await Promise.all([
    outlastHome().then(async (home) => openComposeCli(home, signal)),
    findAmbientEngine(),
  ]);
  const envFiles = options.envFile.map((file) => resolve(file));
  const whole = await resolveProject(cli, compose, { profiles: options.profile, envFiles }, signal);
  const { model } = leaveOut(whole, await readConfig(compose.folder, options.config));
  const audited = await auditProject(model, { compose, configFile: options.config, docker: engine?.docker ?? null });
  const report = makeAuditReport({
    stack: { name: model.name, files: compose.files, services: Object.keys(model.services) },
    findings: audited.findings,
    predictions: audited.predictions,
  });
  switch (options.format) {
    case 'json':
      process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
      break;
    case 'sarif':
      process.stdout.write(renderSarif(report, RULES));
      break;
    case 'terminal':
      process.stdout.write(`${renderAudit(report, { excerpt: excerptsOf(audited) })}\n`);
  }
  return report.findings.some(({ severity }) => severity === 'error') ? 1 : 0;
}

/** The lines around a finding, read once a file. */
function excerptsOf({ subject }: Audited): (finding: ReportFinding) => string | null {
  const texts = new Map<string, string>();
  const textOf = (file: string): string => {
    const known = texts.get(file);
    if (known !== undefined) return known;
    const text = maskedCompose(subject.source, file) ?? maskedText(readFileSync(file, 'utf8'));
    texts.set(file, text);
    return text;
  };
  return ({ file, line }) => {
    if (file === null || line === null) return null;
    return excerptOf(textOf(isAbsolute(file) ? file : join(subject.folder, file)), line);
  };
}
