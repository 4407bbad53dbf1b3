import { resolve } from 'node:path';
import { auditProject } from '../audit/audit-project.ts';
import { outlastHome } from '../home.ts';
import { findAmbientEngine } from '../host/ambient-host.ts';
import { openComposeCli } from '../host/compose-cli.ts';
import { readConfig } from '../config/config.ts';
import { findComposeFiles } from '../stack/compose-files.ts';
import { leaveOut } from '../stack/leave-out.ts';
import { resolveProject } from '../stack/project-model.ts';
import { type AUDIT_FORMATS, makeAuditReport } from '../../reports/audit.ts';
import { renderAudit } from '../../reports/audit-terminal.ts';
import { renderSarif } from '../../reports/sarif.ts';

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
      process.stdout.write(renderSarif(report));
      break;
    case 'terminal':
      process.stdout.write(`${renderAudit(report)}\n`);
  }
  return report.findings.some(({ severity }) => severity === 'error') ? 1 : 0;
}
