import { sweep } from '../cleanup/sweep.ts';
import { outlastHome } from '../home.ts';

/** `outlast clean`. @returns the exit code */
export async function clean(): Promise<number> {
  const removed = await sweep(await outlastHome());
  const lines = removed.map((item) => `removed ${item}`);
  process.stdout.write(`${lines.length > 0 ? lines.join('\n') : 'Nothing was left behind.'}\n`);
  return 0;
}
