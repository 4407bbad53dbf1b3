import { stat } from 'node:fs/promises';
import { z } from 'zod';

const argv = z.tuple([z.string().min(1)], z.string());
const service = z.string().min(1);

/** A command in a one-off container of a service, or in its running one. An argument vector: no shell reads it. */
const command = z.union(
  [z.strictObject({ run: service, command: argv }), z.strictObject({ exec: service, command: argv })],
  'either `run` or `exec` with a service, and a `command` as a list',
);

/** … and what must run, or have done its work, before. */
const restoreCommand = z.union(
  [
    z.strictObject({ run: service, command: argv, depends_on: z.array(service).default([]) }),
    z.strictObject({ exec: service, command: argv, depends_on: z.array(service).default([]) }),
  ],
  'either `run` or `exec` with a service, a `command` as a list, and perhaps `depends_on`',
);

/** How the stack backs up its stores, and how it restores them. */
export const backup = z
  .strictObject({
    /** Ids of the stores that the backup promises to bring back. */
    stores: z.array(z.string()).min(1),
    take: command.optional(),
    /** An existing backup in the place of `take`; relative to the configuration. */
    file: z.string().min(1).optional(),
    /** Where the backup comes to lie inside the service of `take`, and has to lie inside that of `restore`. Absent: it goes through stdout and stdin. */
    folder: z.string().regex(/^\/./, 'an absolute path inside the service').optional(),
    restore: restoreCommand,
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
