import { sweep } from '../cleanup/sweep.ts';
import { outlastHome } from '../home.ts';
import { exitCodeOf } from '../verdict/expectation.ts';

/** `outlast clean`. @returns the exit code: 3 where something is left */
export async function clean(signal: AbortSignal): Promise<number> {
  const { removed, kept } = await sweep(await outlastHome(), signal);
  const lines = [...removed.map((item) => `removed ${item}`), ...kept.map((item) => `kept ${item}`)];
  process.stdout.write(`${lines.length > 0 ? lines.join('\n') : 'Nothing was left behind.'}\n`);
  if (kept.length === 0) return 0;
  process.stdout.write('Start what does not answer, free what is in use, and run `outlast clean` again.\n');
  return exitCodeOf('inconclusive');
}
