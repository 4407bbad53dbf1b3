import { execa } from 'execa';
import { OutlastError } from '../errors.ts';
import { runDocker } from './cli.ts';
import { installedPlugins } from './engine/installed.ts';
import { packagedPlugins } from './engine/packaged.ts';
import { findProgram, pathFolders } from './engine/programs.ts';
import type { Host } from './host.ts';

/** Compose fetches nothing from elsewhere to resolve a file. */
const NOTHING_REMOTE = { COMPOSE_EXPERIMENTAL_GIT_REMOTE: 'false', COMPOSE_EXPERIMENTAL_OCI_REMOTE: 'false' };

/**
 * Compose without an engine, for what it does with files alone: the one that is installed, else the one of the cache, which is fetched once.
 * @throws OutlastError NO_COMPOSE
 */
export async function openComposeCli(home: string, signal?: AbortSignal): Promise<Pick<Host, 'cli'>> {
  const docker = await findProgram('docker', pathFolders(process.env));
  if (docker !== null && (await isSecondCompose(docker))) {
    return { cli: async (args, options) => runDocker(docker, args, NOTHING_REMOTE, options) };
  }
  const plugins = (await installedPlugins(process.env)) ?? (await packagedPlugins(home, signal));
  if (!plugins)
    throw new OutlastError('NO_COMPOSE', 'Compose is not installed, and no source has it for this machine.');
  // The plugin is a program of its own: `docker-compose config` in place of `docker compose config`.
  return { cli: async ([, ...args], options) => runDocker(plugins.compose, args, NOTHING_REMOTE, options) };
}

async function isSecondCompose(docker: string): Promise<boolean> {
  const version = await execa(docker, ['compose', 'version', '--short'], { reject: false, stdin: 'ignore' });
  return version.exitCode === 0 && /^v?([2-9]|\d\d)/.test(version.stdout.trim());
}
