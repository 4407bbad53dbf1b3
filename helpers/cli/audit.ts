import { resolve } from 'node:path';
import { auditProject } from '../audit/audit-project.ts';
import { outlastHome } from '../home.ts';
import { findAmbientEngine } from '../host/ambient-host.ts';
import { openComposeCli } from '../host/compose-cli.ts';
import { readConfig } from '../config/config.ts';
import { Redactor } from '../redact.ts';
import { findComposeFiles } from '../stack/compose-files.ts';
import { leaveOut } from '../stack/leave-out.ts';
import { learnFromProject, learnFromSources } from '../stack/learn-secrets.ts';
import { carriedVariables, resolveProject } from '../stack/project-model.ts';
import { SourceLines } from '../stack/source-lines.ts';
import { type AUDIT_FORMATS, type AuditReport, makeAuditReport } from '../../reports/audit.ts';
import { renderAudit } from '../../reports/audit-terminal.ts';
import { renderSarif } from '../../reports/sarif.ts';
import { contractWords } from './contract-words.ts';

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
  const redactor = new Redactor();
  const report = await reportOn(options, redactor, signal).catch((error: unknown) => {
    throw redactor.error(error);
  });
  process.stdout.write(PRINTED[options.format](redactor.value(report)));
  return report.findings.some(({ severity }) => severity === 'error') ? 1 : 0;
}

const PRINTED = {
  terminal: (report) => `${renderAudit(report, { cwd: process.cwd() })}\n`,
  json: (report) => `${JSON.stringify(report, null, 2)}\n`,
  sarif: renderSarif,
} satisfies Record<AuditOptions['format'], (report: AuditReport) => string>;

/** @param redactor learns what is secret in the files as they are read */
async function reportOn(options: AuditOptions, redactor: Redactor, signal: AbortSignal): Promise<AuditReport> {
  const compose = await findComposeFiles(options.file, process.cwd());
  const [cli, engine] = await Promise.all([
    outlastHome().then(async (home) => openComposeCli(home, signal)),
    findAmbientEngine(),
  ]);
  const reading = { profiles: options.profile, envFiles: options.envFile.map((file) => resolve(file)) };
  await learnFromSources(redactor, await SourceLines.read(compose.files), reading.envFiles);
  const whole = await resolveProject(cli, compose, reading, signal);
  await learnFromProject(redactor, whole, await carriedVariables(cli, compose, whole, reading, signal));
  redactor.spare(contractWords());
  const { model } = leaveOut(whole, await readConfig(compose.folder, options.config));
  const audited = await auditProject(model, { compose, configFile: options.config, docker: engine?.docker ?? null });
  return makeAuditReport({
    stack: { name: model.name, files: compose.files, services: Object.keys(model.services) },
    findings: audited.findings,
    predictions: audited.predictions,
  });
}
