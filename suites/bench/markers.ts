import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import { execa } from 'execa';
import { STACKS } from '../../fixtures/stacks.ts';
import { restart } from '../../helpers/disruptions/restart.ts';
import { outlastHome } from '../../helpers/home.ts';
import { PrivateHost } from '../../helpers/host/private-host.ts';
import { Session } from '../../helpers/scenario/session.ts';
import { findComposeFiles } from '../../helpers/stack/compose-files.ts';
import type { Stage } from '../../helpers/verdict/model.ts';
import { holdTo } from './goals.ts';

// Many markers in one store: what a marker costs, and whether it costs more the more there are.
// Each count has a process of its own, so that its memory is its own.

const COUNTS = [1000, 10_000, 30_000, 100_000] as const;
/** For the most of them. */
const LIMIT = { seconds: 30, megabytes: 400 };

/** In milliseconds. */
interface Times {
  readonly write: number;
  readonly read: number;
  readonly judge: number;
}

interface Cost extends Times {
  /** The most that the process held at any moment of its life, in kilobytes. */
  readonly memory: number;
}

async function timesOf(markers: number): Promise<Times> {
  await using host = await PrivateHost.open({ home: await outlastHome() });
  const session = new Session(
    {
      runId: randomBytes(4).toString('hex'),
      compose: await findComposeFiles([], STACKS.reference),
      only: ['db'],
      markers,
      seed: 'bench',
      timeoutMs: 20_000,
      signal: new AbortController().signal,
    },
    host,
  );
  await using _ = session;
  const matrix = await session.start();
  const [cell] = await matrix.run(restart);
  if (cell?.intact !== markers) throw new Error(`${cell?.intact} of ${markers} are intact: ${cell?.outcome}`);
  const spent = (name: Stage): number => {
    const span = cell.timeline?.find(({ stage }) => stage === name);
    return span ? span.endedMs - span.beganMs : 0;
  };
  return { write: spent('write'), read: spent('read'), judge: spent('judge') };
}

async function costInItsOwnProcess(markers: number): Promise<Cost> {
  const { stdout } = await execa(process.execPath, [fileURLToPath(import.meta.url), String(markers)]);
  return JSON.parse(stdout) as Cost;
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} s`;
}

const [count] = process.argv.slice(2);
if (count === undefined) {
  const table = new Table({
    head: ['markers', 'written', 'read back', 'judged', 'in all', 'each', 'memory'],
    style: { head: [], border: [] },
  });
  const costs = new Map<number, { readonly all: number; readonly memory: number }>();
  for (const markers of COUNTS) {
    const { write, read, judge, memory } = await costInItsOwnProcess(markers);
    const all = write + read + judge;
    costs.set(markers, { all, memory });
    table.push([
      markers,
      ...[write, read, judge, all].map(seconds),
      `${((all / markers) * 1000).toFixed(0)} µs`,
      `${Math.round(memory / 1024)} MB`,
    ]);
  }
  console.log(table.toString());
  const [, few, , most] = COUNTS;
  const { all, memory } = costs.get(most) ?? { all: Number.NaN, memory: Number.NaN };
  holdTo([
    { what: `${most} rows`, seen: all / 1000, limit: LIMIT.seconds, unit: 's' },
    { what: `${most} rows`, seen: memory / 1024, limit: LIMIT.megabytes, unit: 'MB' },
    // Linear or better: a part of it does not grow.
    {
      what: `${most} rows for ${few}`,
      seen: all / (costs.get(few)?.all ?? Number.NaN),
      limit: most / few,
      unit: 'times the time',
    },
  ]);
} else {
  const times = await timesOf(Number(count));
  console.log(JSON.stringify({ ...times, memory: process.resourceUsage().maxRSS } satisfies Cost));
}
