import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import type { Redactor } from '../redact.ts';
import type { ProjectModel } from './project-model.ts';
import { commandsOf, type SourceLines } from './source-lines.ts';

/** A value that is put in from elsewhere: a dollar of one's own is written twice. */
const REFERENCE = /^\$(\{\w+\}|\w+)$/;

/**
 * What the user's files may say in secret, before Compose has read them: its own messages repeat values.
 * @param envFiles named by the user; those beside the Compose files are read besides
 */
export async function learnFromSources(
  redactor: Redactor,
  lines: SourceLines,
  envFiles: readonly string[],
): Promise<void> {
  for (const [name, value] of lines.settings) if (!REFERENCE.test(value)) redactor.learn(name, value);
  for (const command of lines.commands) redactor.learnCommands(command);
  for (const file of new Set([...lines.folders.map((folder) => join(folder, '.env')), ...envFiles])) {
    const text = await readFile(file, 'utf8').catch(() => '');
    for (const [name, value] of Object.entries(parseEnv(text))) redactor.learn(name, value ?? '');
  }
  for (const [, name = ''] of lines.texts.join('\n').matchAll(/\$\{?([A-Za-z_]\w*)/g)) {
    redactor.learn(name, process.env[name] ?? '');
  }
}

/**
 * What a resolved project says in secret.
 * @param variables that secrets and configs are taken from
 */
export async function learnFromProject(
  redactor: Redactor,
  model: ProjectModel,
  variables: Readonly<Record<string, string>>,
): Promise<void> {
  redactor.spare(namesIn(model));
  for (const service of Object.values(model.services)) {
    const { build, environment, labels } = service;
    for (const settings of [build?.args, environment, labels])
      for (const [name, value] of Object.entries(settings ?? {})) redactor.learn(name, value ?? '');
    for (const command of commandsOf(service)) redactor.learnCommands(command);
  }
  for (const kind of ['secrets', 'configs'] as const) {
    for (const resource of Object.values(model[kind] ?? {})) {
      const { file, environment, content } = resource ?? {};
      const read = file === undefined ? undefined : await readFile(file, 'utf8').catch(() => undefined);
      const text = content ?? read ?? variables[environment ?? ''] ?? '';
      if (kind === 'secrets') redactor.learnSecret(text);
      else redactor.learnSettings(text);
    }
  }
}

/** What things are called. */
function namesIn(model: ProjectModel): string[] {
  const images = Object.values(model.services).flatMap(({ image }) => image?.split(/[/:@]/) ?? []);
  const kinds = [model.services, model.volumes, model.networks, model.secrets, model.configs];
  return [model.name, ...images, ...kinds.flatMap((kind) => Object.keys(kind ?? {}))];
}
