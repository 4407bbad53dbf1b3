import { homedir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import type { EngineSource, HostTools, ImageTools, Plugins } from './engine.ts';
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

/** The tools of assembled images, where the machine has every one of them. */
export async function installedImageTools(env: NodeJS.ProcessEnv): Promise<ImageTools | null> {
  const folders = pathFolders(env);
  const [git, tini, busybox] = await Promise.all(
    ['git', 'tini-static', 'busybox'].map((name) => findProgram(name, folders)),
  );
  if (!git || !tini || !busybox) return null;
  if (!(await isStatic(busybox)) || !(await isStatic(tini))) return null;
  const core = await execa(git, ['--exec-path'], { reject: false });
  return core.exitCode === 0 ? { git, gitCore: core.stdout, tini, busybox, libraries: [] } : null;
}

/** The host tools, where the machine has every one of them. */
export async function installedTools(env: NodeJS.ProcessEnv): Promise<HostTools | null> {
  const folders = pathFolders(env);
  const [image, slirp4netns, iptables] = await Promise.all([
    installedImageTools(env),
    findProgram('slirp4netns', folders),
    findProgram('iptables', folders),
  ]);
  if (!image || !slirp4netns || !iptables) return null;
  return { ...image, slirp4netns, iptables: path.dirname(iptables), xtables: null };
}
