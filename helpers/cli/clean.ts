import { sweepBaseImages } from '../cleanup/base-images.ts';
import { sweep } from '../cleanup/sweep.ts';
import { together, type Swept } from '../cleanup/swept.ts';
import { outlastHome } from '../home.ts';
import { findAmbientEngine } from '../host/ambient-host.ts';
import { exitCodeOf } from '../verdict/expectation.ts';

/** `outlast clean`. @returns the exit code: 3 where something is left */
export async function clean(signal: AbortSignal): Promise<number> {
  const home = await outlastHome();
  const left = await sweep(home, signal);
  const { removed, kept } = together([left, await sweepImages(home)]);
  const lines = [...removed.map((item) => `removed ${item}`), ...kept.map((item) => `kept ${item}`)];
  process.stdout.write(`${lines.length > 0 ? lines.join('\n') : 'Nothing was left behind.'}\n`);
  if (kept.length === 0) return 0;
  process.stdout.write('Start what does not answer, free what is in use, and run `outlast clean` again.\n');
  return exitCodeOf('inconclusive');
}

async function sweepImages(home: string): Promise<Swept> {
  try {
    const engine = await findAmbientEngine();
    return engine ? await sweepBaseImages(engine.docker, { home, kept: null }) : { removed: [], kept: [] };
  } catch (error) {
    return { removed: [], kept: [`base images: ${String(error)}`] };
  }
}
