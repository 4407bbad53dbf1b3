import { randomBytes } from 'node:crypto';
import Table from 'cli-table3';
import { STACKS } from '../../fixtures/stacks.ts';
import { restart } from '../../helpers/disruptions/restart.ts';
import { outlastHome } from '../../helpers/home.ts';
import { PrivateHost } from '../../helpers/host/private-host.ts';
import { Session } from '../../helpers/scenario/session.ts';
import { findComposeFiles } from '../../helpers/stack/compose-files.ts';
import type { Stage } from '../../helpers/verdict/model.ts';

// Many markers in one store: what a marker costs, and whether it costs more the more there are.

const COUNTS = [1000, 10_000, 30_000, 100_000];

interface Cost {
  readonly write: number;
  readonly read: number;
  readonly judge: number;
}

/** In milliseconds. */
async function costOf(markers: number, host: PrivateHost): Promise<Cost> {
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

await using host = await PrivateHost.open({ home: await outlastHome() });
const table = new Table({
  head: ['markers', 'written', 'read back', 'judged', 'in all', 'each', 'memory so far'],
  style: { head: [], border: [] },
});
for (const count of COUNTS) {
  const { write, read, judge } = await costOf(count, host);
  const all = write + read + judge;
  const memory = `${Math.round(process.resourceUsage().maxRSS / 1024)} MB`;
  table.push([
    count,
    seconds(write),
    seconds(read),
    seconds(judge),
    seconds(all),
    `${((all / count) * 1000).toFixed(0)} µs`,
    memory,
  ]);
}
console.log(table.toString());

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} s`;
}
