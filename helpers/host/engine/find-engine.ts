import { OutlastError } from '../../errors.ts';
import type { Engine, EngineOptions, EngineSource, Toolchain } from './engine.ts';
import { installedEngine, installedPlugins, installedTools } from './installed.ts';
import { packagedEngine, packagedPlugins, packagedTools } from './packaged.ts';
import { archivedEngine } from './static-archive.ts';

/** An engine with all that a private host needs besides: what the machine has is used, what it lacks is fetched into the home. */
export async function findEngine(home: string, options: EngineOptions = {}): Promise<Toolchain> {
  const env = options.env ?? process.env;
  const anywhere = options.from !== 'packages';
  const [engine, plugins, tools] = await Promise.all([
    firstEngine(home, options),
    (anywhere ? installedPlugins(env) : Promise.resolve(null)).then(
      (it) => it ?? packagedPlugins(home, options.signal),
    ),
    (anywhere ? installedTools(env) : Promise.resolve(null)).then((it) => it ?? packagedTools(home, options.signal)),
  ]);
  if (!engine) throw new OutlastError('ENGINE_UNAVAILABLE', 'No source has a Docker Engine for this machine.');
  if (!plugins) throw new OutlastError('ENGINE_UNAVAILABLE', 'No source has Compose v2 and buildx for this machine.');
  if (!tools)
    throw new OutlastError('ENGINE_UNAVAILABLE', 'No source has the tools that a private host needs.', {
      detail: 'Needed: git, iptables, slirp4netns, tini-static, busybox (static).',
    });
  return { engine, plugins, tools };
}

async function firstEngine(home: string, options: EngineOptions): Promise<Engine | null> {
  const sources: EngineSource[] =
    options.from === 'packages' ? [packagedEngine] : [archivedEngine, installedEngine, packagedEngine];
  for (const source of sources) {
    const engine = await source.find(home, options);
    if (engine) return engine;
  }
  return null;
}
