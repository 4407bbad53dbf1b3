import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { dir } from 'tmp-promise';
import { auditProject } from '../../helpers/audit/audit-project.ts';
import { outlastHome } from '../../helpers/home.ts';
import { openComposeCli } from '../../helpers/host/compose-cli.ts';
import { findComposeFiles } from '../../helpers/stack/compose-files.ts';
import { resolveProject } from '../../helpers/stack/project-model.ts';
import { holdTo, type Goal } from './goals.ts';

// A project of many services, each with a Dockerfile, a script and a faulty volume, audited without an engine.
// Compose's own time is told apart, for it is the same without Outlast, and counts all the same.

const SIZES = [20, 100];
/** For the smaller of them, in milliseconds. */
const LIMIT_MS = 1000;
const ROUNDS = 5;

interface Round {
  readonly compose: number;
  readonly audit: number;
  readonly findings: number;
}

async function lay(folder: string, services: number): Promise<void> {
  const names = Array.from({ length: services }, (_, index) => `service-${index}`);
  for (const name of names) {
    await mkdir(join(folder, name), { recursive: true });
    await writeFile(
      join(folder, name, 'Dockerfile'),
      'FROM node:24\nWORKDIR /app\nCOPY . .\nVOLUME /data\nCMD npm start\n',
    );
    await writeFile(join(folder, name, 'backup.sh'), 'pg_dump shop | gzip > /backups/shop.sql.gz\n'.repeat(50));
  }
  const written = names.map((name) => [
    name,
    { build: `./${name}`, environment: { DATABASE_URL: 'file:./app.db' }, volumes: [`${name}:/cache`] },
  ]);
  const volumes = Object.fromEntries(names.map((name) => [name, {}]));
  await writeFile(
    join(folder, 'compose.yaml'),
    JSON.stringify({ services: Object.fromEntries(written), volumes }, null, 1),
  );
}

const cli = await openComposeCli(await outlastHome());
const goals: Goal[] = [];
for (const size of SIZES) {
  const folder = await dir({ prefix: 'outlast-bench-', unsafeCleanup: true });
  await lay(folder.path, size);
  const rounds: Round[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const began = performance.now();
    const compose = await findComposeFiles([], folder.path);
    const model = await resolveProject(cli, compose);
    const resolved = performance.now();
    const { findings } = await auditProject(model, { compose, docker: null });
    rounds.push({ compose: resolved - began, audit: performance.now() - resolved, findings: findings.length });
  }
  const [median] = rounds
    .toSorted((a, b) => a.compose + a.audit - (b.compose + b.audit))
    .slice(Math.floor(ROUNDS / 2)) as [Round];
  console.log(
    `${size} services: Compose ${Math.round(median.compose)} ms, audit ${Math.round(median.audit)} ms, ${median.findings} findings (median of ${ROUNDS})`,
  );
  if (size === Math.min(...SIZES)) {
    const seen = median.compose + median.audit;
    goals.push({ what: `${size} services, with Compose`, seen, limit: LIMIT_MS, unit: 'ms' });
  }
  await folder.cleanup();
}
holdTo(goals);
