import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { dir } from 'tmp-promise';
import { discoverStores } from '../../helpers/discovery/discover-stores.ts';
import { outlastHome } from '../../helpers/home.ts';
import { PrivateHost } from '../../helpers/host/private-host.ts';
import { Session } from '../../helpers/scenario/session.ts';
import { findComposeFiles } from '../../helpers/stack/compose-files.ts';
import { untilSettled } from '../../helpers/stack/settle.ts';
import { holdTo } from './goals.ts';

// What finding out where a stack of five services keeps its data adds to `up`: to wait until services without a health check
// have settled, to look, and to ask again whether all are ready. A service each for SQLite, many files, repositories, the
// container's own layer and a health check.

const ROUNDS = 5;
const LIMIT_MS = 3000;
const FILES = 10_000;

const SERVICES: Readonly<Record<string, { script: string; volumes?: readonly string[]; healthy?: true }>> = {
  database: {
    script: `new (require('node:sqlite').DatabaseSync)('/data/app.db').exec('CREATE TABLE IF NOT EXISTS t (id)')`,
    volumes: ['database:/data'],
  },
  files: {
    script: `for (let n = 0; n < ${FILES}; n++) fs.writeFileSync('/data/' + n, 'x')`,
    volumes: ['files:/data'],
  },
  repositories: {
    script: `for (let n = 0; n < 20; n++) require('node:child_process').execSync('git init -q --bare /data/' + n)`,
    volumes: ['repositories:/data'],
  },
  layer: { script: `fs.mkdirSync('/srv/data', { recursive: true }); fs.writeFileSync('/srv/data/note', 'x')` },
  healthy: { script: `fs.writeFileSync('/data/note', 'x')`, volumes: ['healthy:/data'], healthy: true },
};

function composeFile(): string {
  const services = Object.entries(SERVICES).map(([name, { script, volumes, healthy }]) => [
    name,
    {
      build: { context: '.', args: { BASE_IMAGE: 'node:24-bookworm-slim' } },
      init: true,
      command: ['node', '-e', `${script}; setInterval(() => {}, 60_000)`],
      ...(volumes ? { volumes } : {}),
      ...(healthy ? { healthcheck: { test: ['CMD', 'true'], interval: '2s' } } : {}),
    },
  ]);
  const named = Object.values(SERVICES).flatMap(({ volumes = [] }) => volumes.map((volume) => volume.split(':')[0]));
  return JSON.stringify({
    name: 'bench-discovery',
    services: Object.fromEntries(services),
    volumes: Object.fromEntries(named.map((name) => [name, {}])),
  });
}

interface Timing {
  readonly up: number;
  readonly settled: number;
  readonly found: number;
  readonly ready: number;
  readonly added: number;
}

async function measure(host: PrivateHost, folder: string): Promise<Timing> {
  const { signal } = new AbortController();
  const compose = await findComposeFiles([], folder);
  const runId = randomBytes(4).toString('hex');
  await using session = new Session({ runId, compose, markers: 1, seed: 'bench', timeoutMs: 60_000, signal }, host);
  const project = await session.build();
  const began = performance.now();
  const stack = await project.up(60_000, signal);
  const up = performance.now();
  await untilSettled(stack, signal);
  const settled = performance.now();
  const { stores } = await discoverStores(stack, signal);
  const found = performance.now();
  if (stores.length !== Object.keys(SERVICES).length + 2)
    throw new Error(`found ${stores.map(({ id }) => id).join(', ')}`);
  project.follow(stores);
  await stack.ready(60_000, signal);
  const ready = performance.now();
  await stack.leave();
  return { up: up - began, settled: settled - up, found: found - settled, ready: ready - found, added: ready - up };
}

const folder = await dir({ prefix: 'outlast-bench-', unsafeCleanup: true });
await using host = await PrivateHost.open({ home: await outlastHome() });
await writeFile(join(folder.path, 'Dockerfile'), 'ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n');
await writeFile(join(folder.path, 'compose.yaml'), composeFile());
const rounds: Timing[] = [];
// The first one builds and warms up.
for (let round = 0; round <= ROUNDS; round++) {
  const timing = await measure(host, folder.path);
  if (round > 0) rounds.push(timing);
}
await folder.cleanup();
const median = rounds.toSorted((a, b) => a.added - b.added)[Math.floor(ROUNDS / 2)] as Timing;
const [up, settled, found, ready, added] = [median.up, median.settled, median.found, median.ready, median.added].map(
  Math.round,
);
console.log(
  `${Object.keys(SERVICES).length} services: up ${up} ms, discovery adds ${added} ms: ${settled} settling, ${found} looking, ${ready} ready again (median of ${ROUNDS})`,
);
holdTo([{ what: 'discovery adds', seen: median.added, limit: LIMIT_MS, unit: 'ms' }]);
