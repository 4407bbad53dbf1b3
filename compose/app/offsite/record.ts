// record.ts: writes down where the app looks what became of an off-site copy that another machine made. The copy's own words
// are on standard input; their last line decides. Anything but `upload-done` is a failure, such as a dump that broke off.
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { command, Failure } from '../command.ts';
import { readPlaces } from '../settings.ts';
import { recordFailure, recordSuccess } from '../status.ts';

const Done = z.object({ event: z.literal('upload-done'), key: z.string() });
const Failed = z.object({ code: z.string(), message: z.string() });

const { backupDir } = readPlaces(process.env);

await command('record', async () => {
  const last = (await text(process.stdin)).trim().split('\n').at(-1) ?? '';
  const said = parsed(last);
  const done = Done.safeParse(said);
  if (done.success) recordSuccess(backupDir, 'offsite', done.data.key);
  else {
    const { code, message } = Failed.safeParse(said).data ?? {
      code: 'offsite-failed',
      message: last || 'nothing was said',
    };
    recordFailure(backupDir, 'offsite', new Failure(code, message));
  }
  return { success: done.success };
});

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
