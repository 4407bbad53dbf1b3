import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';

const Environment = z.object({
  HOST: z.string().default('0.0.0.0'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(3001),
  DATABASE_PATH: z.string().startsWith('/').default('/app/dev_assets/db.sqlite'),
  REPOS_DIR: z.string().startsWith('/').default('/repos'),
  BACKUP_DIR: z.string().startsWith('/').default('/backups'),
});

const ConfigFile = z.object({ title: z.string() });

/** The environment says where things are; `config.json`, seeded beside the database on the first run, belongs to the user. */
export function readSettings(environment: NodeJS.ProcessEnv) {
  const { HOST, PORT, DATABASE_PATH, REPOS_DIR, BACKUP_DIR } = Environment.parse(environment);
  const config: unknown = JSON.parse(readFileSync(join(dirname(DATABASE_PATH), 'config.json'), 'utf8'));
  return {
    host: HOST,
    port: PORT,
    databasePath: DATABASE_PATH,
    reposDir: REPOS_DIR,
    backupDir: BACKUP_DIR,
    ...ConfigFile.parse(config),
  };
}
