import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { identify } from '../host/process-identity.ts';
import { sweep } from './sweep.ts';

// Started by a run, with a pipe as stdin: it ends with "done", or by the run's death.
const [home, pid] = process.argv.slice(2);
const run = await identify(Number(pid));
const isThere = async (): Promise<boolean> => run !== null && (await identify(run.pid))?.startTime === run.startTime;
if (home !== undefined && (await text(process.stdin)) !== 'done') {
  // The pipe may close a moment before the locks do; both are gone once the process is.
  while (await isThere()) await delay(5);
  await sweep(home);
}
