import { homedir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import type { EngineSource, HostTools, Plugins } from './engine.ts';
import { findProgram, isStatic, pathFolders, versionOf } from './programs.ts';

/** The engine that is installed on the machine, running or not. */
export const installedEngine: EngineSource = {
  origin: 'installed',
  async find(_home, { env = process.env, engineVersionFrom }) {
    if (engineVersionFrom !== undefined) return null;
    const folders = pathFolders(env);
    const [dockerd, docker, ...others] = await Promise.all(
      ['dockerd', 'docker', 'containerd', 'runc'].map((name) => findProgram(name, folders)),
    );
    if (!dockerd || !docker || others.includes(null)) return null;
    const version = await versionOf(dockerd, ['--version']);
    return version === null ? null : { origin: 'installed', version, dockerd, docker, path: folders, libraries: [] };
  },
};

/** Compose v2 and buildx as the machine has them. */
export async function installedPlugins(env: NodeJS.ProcessEnv): Promise<Plugins | null> {
  const config = env['DOCKER_CONFIG'] || path.join(homedir(), '.docker');
  const folders = [
    path.join(config, 'cli-plugins'),
    ...['/usr/local/lib', '/usr/local/libexec', '/usr/lib', '/usr/libexec'].map((one) => `${one}/docker/cli-plugins`),
  ];
  const [compose, buildx] = await Promise.all(
    ['docker-compose', 'docker-buildx'].map((name) => findProgram(name, folders)),
  );
  if (!compose || !buildx) return null;
  const composeVersion = await versionOf(compose, ['version']);
  return composeVersion === null ? null : { compose, composeVersion, buildx };
}

/** The host tools, where the machine has every one of them. */
export async function installedTools(env: NodeJS.ProcessEnv): Promise<HostTools | null> {
  const folders = pathFolders(env);
  const find = (name: string) => findProgram(name, folders);
  const [git, tini, busybox, slirp4netns, iptables] = await Promise.all([
    find('git'),
    find('tini-static'),
    find('busybox'),
    find('slirp4netns'),
    find('iptables'),
  ]);
  if (!git || !tini || !busybox || !slirp4netns || !iptables) return null;
  if (!(await isStatic(busybox)) || !(await isStatic(tini))) return null;
  const core = await execa(git, ['--exec-path'], { reject: false });
  if (core.exitCode !== 0) return null;
  return {
    git,
    gitCore: core.stdout,
    tini,
    busybox,
    slirp4netns,
    iptables: path.dirname(iptables),
    xtables: null,
    libraries: [],
  };
}
