import { chmod, cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import { execa } from 'execa';
import { dir } from 'tmp-promise';
import { sessionOn, STACKS } from '../../fixtures/stacks.ts';
import { DISRUPTIONS } from '../../helpers/disruptions/catalogue.ts';
import type { Disruption } from '../../helpers/disruptions/disruption.ts';
import { downUp } from '../../helpers/disruptions/down-up.ts';
import { rebuild } from '../../helpers/disruptions/rebuild.ts';
import { restart } from '../../helpers/disruptions/restart.ts';
import { outlastHome } from '../../helpers/home.ts';
import { ensureBaseImage } from '../../helpers/host/base-image.ts';
import type { CliOptions, CliResult, Host } from '../../helpers/host/host.ts';
import { PrivateHost } from '../../helpers/host/private-host.ts';
import { holdTo } from './goals.ts';

// A careful person's eight steps by hand against the same steps by Outlast, alternating on one warm host.
// The ratio is what counts; the seconds are this machine's.

const ROUNDS = 5;
const BY_HAND = fileURLToPath(new URL('./by-hand.sh', import.meta.url));
const STEPS: readonly Disruption[] = [restart, rebuild, downUp];

/** A host that counts the time spent in Docker commands and in boots. */
function timed(host: PrivateHost): { host: Host; spent: () => number } {
  let spent = 0;
  const count = async <T>(work: Promise<T>): Promise<T> => {
    const began = performance.now();
    try {
      return await work;
    } finally {
      spent += performance.now() - began;
    }
  };
  const own: Partial<Host> = {
    cli: async (args: readonly string[], options?: CliOptions): Promise<CliResult> => count(host.cli(args, options)),
    reboot: async (signal?: AbortSignal) => count(host.reboot(signal)),
    crash: async (signal?: AbortSignal) => count(host.crash(signal)),
  };
  const proxy = new Proxy(host, {
    get(target, key): unknown {
      const value: unknown = own[key as keyof Host] ?? Reflect.get(target, key, target);
      // The host's private members are not the proxy's.
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  return { host: proxy, spent: () => spent };
}

interface Timing {
  readonly total: number;
  readonly docker: number;
}

async function byOutlast(host: PrivateHost, disruptions: readonly Disruption[]): Promise<Timing> {
  const clock = timed(host);
  const { signal } = new AbortController();
  await using session = await sessionOn('reference', clock.host, signal);
  const began = performance.now();
  const matrix = await session.start();
  for (const disruption of disruptions) {
    const cells = await matrix.run(disruption);
    const bad = cells.find((cell) => !cell.ok);
    if (bad) throw new Error(`${bad.disruption} × ${bad.store}: ${bad.outcome}`);
  }
  return { total: performance.now() - began, docker: clock.spent() };
}

async function byHand(host: PrivateHost, baseImage: string): Promise<number> {
  const folder = await dir({ prefix: 'outlast-bench-', unsafeCleanup: true });
  await chmod(folder.path, 0o755);
  await cp(STACKS.reference, folder.path, { recursive: true });
  const network = Object.fromEntries(['init', 'app', 'backup'].map((name) => [name, { build: { network: 'host' } }]));
  await writeFile(join(folder.path, 'bench.yaml'), JSON.stringify({ services: network }));
  const files = ['-f', join(folder.path, 'compose.yaml'), '-f', join(folder.path, 'bench.yaml')];
  const env = {
    BASE_IMAGE: baseImage,
    DOCKER_HOST: host.dockerHost,
    DOCKER_CONFIG: host.dockerConfig,
    PATH: `${join(host.toolchain.engine.docker, '..')}:${process.env['PATH']}`,
  };
  const began = performance.now();
  await execa('sh', [BY_HAND, ...files], { env });
  const total = performance.now() - began;
  await host.cli(['compose', ...files, 'down', '-v', '-t', '0'], { env });
  await folder.cleanup();
  return total;
}

await using host = await PrivateHost.open({ home: await outlastHome() });
const { ref } = await ensureBaseImage(host);
console.log(`engine ${host.engineVersion}, Compose ${host.composeVersion}, Node ${process.versions.node}`);
// Images and caches of both: a first round that is not counted.
await byHand(host, ref);
await byOutlast(host, STEPS);

const table = new Table({
  head: ['round', 'by hand', 'Outlast', 'ratio', 'of it Docker', 'everything else'],
  style: { head: [] },
});
const ratios: number[] = [];
for (let round = 1; round <= ROUNDS; round++) {
  const hand = await byHand(host, ref);
  const own = await byOutlast(host, STEPS);
  ratios.push(own.total / hand);
  table.push([
    round,
    seconds(hand),
    seconds(own.total),
    (own.total / hand).toFixed(2),
    seconds(own.docker),
    seconds(own.total - own.docker),
  ]);
}
console.log(table.toString());
const ratio = ratios.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? Number.NaN;
console.log(`Outlast / by hand: ${ratio.toFixed(2)} (median of ${ROUNDS})`);

const defaults = DISRUPTIONS.filter(({ optional }) => optional !== true);
const all = await byOutlast(host, defaults);
console.log(
  `the ${defaults.length} disruptions of a plain run: ${seconds(all.total)}, of it Docker and boots ${seconds(all.docker)}`,
);
holdTo([
  { what: 'Outlast / by hand', seen: ratio, limit: 1, unit: 'times' },
  { what: `the ${defaults.length} disruptions of a plain run`, seen: all.total / 1000, limit: 40, unit: 's' },
  {
    what: 'greatest memory of this process',
    seen: process.resourceUsage().maxRSS / 1024,
    limit: 300,
    unit: 'MB',
  },
]);

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
