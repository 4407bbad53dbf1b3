import { performance } from 'node:perf_hooks';
import Table from 'cli-table3';
import { dir } from 'tmp-promise';
import { ensureServerImage, SERVER_IMAGES } from '../../fixtures/servers/server-images.ts';
import { outlastHome } from '../../helpers/home.ts';
import { PrivateHost } from '../../helpers/host/private-host.ts';
import { holdTo } from './goals.ts';

// The images of every database server from nothing: a home of its own has no engine, no package lists and no archive yet.

const LIMIT_S = 240;

const seconds = (since: number): number => (performance.now() - since) / 1000;

const folder = await dir({ prefix: 'outlast-bench-', unsafeCleanup: true });
process.env['OUTLAST_HOME'] = folder.path;
const table = new Table({ head: ['image', 'built and brought to the host'], style: { head: [], border: [] } });
let all = Number.NaN;
try {
  const began = performance.now();
  await using host = await PrivateHost.open({ home: await outlastHome() });
  table.push(['the host itself, with its engine', `${seconds(began).toFixed(1)} s`]);
  for (const name of SERVER_IMAGES) {
    const at = performance.now();
    await ensureServerImage(host, name);
    table.push([name, `${seconds(at).toFixed(1)} s`]);
  }
  all = seconds(began);
} finally {
  await folder.cleanup();
}
console.log(table.toString());
holdTo([
  {
    what: `a host and ${SERVER_IMAGES.length} images of servers on it, from nothing`,
    seen: all,
    limit: LIMIT_S,
    unit: 's',
  },
]);
