import { stat } from 'node:fs/promises';
import { z } from 'zod';

const argv = z.tuple([z.string().min(1)], z.string()).describe('A program and its arguments. No shell reads them.');
const run = z.string().min(1).describe('The service of a one-off container.');
const exec = z.string().min(1).describe('The service whose running container it is executed in.');

/** A command in a one-off container of a service, or in its running one. An argument vector: no shell reads it. */
const command = z.union(
  [z.strictObject({ run, command: argv }), z.strictObject({ exec, command: argv })],
  'either `run` or `exec` with a service, and a `command` as a list',
);

const dependsOn = z
  .array(z.string().min(1))
  .default([])
  .describe('Services that must run, or have done their work, before.');

const restoreCommand = z.union(
  [
    z.strictObject({ run, command: argv, depends_on: dependsOn }),
    z.strictObject({ exec, command: argv, depends_on: dependsOn }),
  ],
  'either `run` or `exec` with a service, a `command` as a list, and perhaps `depends_on`',
);

/** How the stack backs up its stores, and how it restores them. */
export const backup = z
  .strictObject({
    stores: z.array(z.string()).min(1).describe('Ids of the stores that the backup promises to bring back.'),
    take: command.optional().describe('The command that takes a backup.'),
    file: z
      .string()
      .min(1)
      .optional()
      .describe('In the place of `take`: a backup that exists already, relative to this file. It is only read.'),
    folder: z
      .string()
      .regex(/^\/./, 'an absolute path inside the service')
      .optional()
      .describe(
        'Where the backup comes to lie inside the service of `take`, and has to lie inside that of `restore`. Without it the backup goes through stdout and stdin.',
      ),
    restore: restoreCommand.describe('The command that restores it.'),
  })
  .refine(({ take, file }) => (take === undefined) !== (file === undefined), 'either `take` or `file`');

export type Backup = z.infer<typeof backup>;
export type BackupCommand = z.infer<typeof command>;

/** Services that a backup names, with the place of each name in the configuration. */
export function servicesOf({ take, restore }: Backup): NamedService[] {
  return [
    ...(take ? [serviceOf('take', take)] : []),
    serviceOf('restore', restore),
    ...restore.depends_on.map((name, index) => ({ path: ['restore', 'depends_on', String(index)], name })),
  ];
}

interface NamedService {
  readonly path: readonly string[];
  readonly name: string;
}

function serviceOf(key: string, of: BackupCommand): NamedService {
  return 'run' in of ? { path: [key, 'run'], name: of.run } : { path: [key, 'exec'], name: of.exec };
}

/** @returns what is wrong with an existing backup, or `null` */
export async function backupFileFault(file: string): Promise<string | null> {
  const found = await stat(file).catch(() => null);
  if (!found?.isFile()) return `there is no file ${file}`;
  return found.size === 0 ? `${file} is empty` : null;
}
