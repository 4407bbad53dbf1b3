import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { access, cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { networkInterfaces } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { dir } from 'tmp-promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OutlastError } from '../helpers/errors.ts';
import { outlastHome } from '../helpers/home.ts';
import { ensureBaseImage } from '../helpers/host/base-image.ts';
import { packagedProgram } from '../helpers/host/engine/packaged.ts';
import { archivedEngine } from '../helpers/host/engine/static-archive.ts';
import { RUN_LABEL } from '../helpers/host/host.ts';
import { bringIfPossible, copyImages, ensureImage, hasImage } from '../helpers/host/images.ts';
import { canHavePrivateHost, PrivateHost } from '../helpers/host/private-host.ts';

const isThere = (file: string) =>
  access(file).then(
    () => true,
    () => false,
  );

describe.runIf(canHavePrivateHost())('a private host', () => {
  let home: string;
  let host: PrivateHost;
  let image: string;

  beforeAll(async () => {
    home = await outlastHome();
    host = await PrivateHost.open({ home });
    image = (await ensureBaseImage(host, undefined, { home })).ref;
  });

  afterAll(async () => {
    await host?.[Symbol.asyncDispose]();
  });

  async function docker(...args: string[]): Promise<string> {
    const result = await host.cli(args);
    if (result.exitCode !== 0) throw new Error(`docker ${args.join(' ')}: ${result.stderr}`);
    return result.stdout;
  }

  const stateOf = async (name: string) => (await host.docker.getContainer(name).inspect()).State;

  test.each(['reboot', 'crash'] as const)(
    'after a %s it is another boot, and restart policies decide who is back',
    async (how) => {
      await docker(
        'run',
        '-d',
        '--name',
        `${how}-back`,
        '--restart',
        'unless-stopped',
        '-v',
        `${how}:/data`,
        image,
        'sleep',
        '1000',
      );
      await docker('run', '-d', '--name', `${how}-stays`, '--restart', 'no', image, 'sleep', '1000');
      await docker('exec', `${how}-back`, 'sh', '-c', 'echo kept >/data/file');
      const [boot, started] = [await host.bootId(), (await stateOf(`${how}-back`)).StartedAt];

      await host[how]();

      expect(await host.bootId()).not.toBe(boot);
      const back = await stateOf(`${how}-back`);
      expect(back.Running).toBe(true);
      expect(back.StartedAt).not.toBe(started);
      expect(await docker('exec', `${how}-back`, 'cat', '/data/file')).toBe('kept');
      const stays = await stateOf(`${how}-stays`);
      expect(stays.Running).toBe(false);
      // In order, a container gets its signal and is killed after its grace; in a crash the engine finds it dead.
      expect(stays.ExitCode).toBe(how === 'reboot' ? 137 : 255);
      await docker('rm', '-f', `${how}-back`, `${how}-stays`);
    },
  );

  test('a port published inside answers inside, and nowhere outside', async () => {
    const serve = 'require("http").createServer((_, r) => r.end("inside")).listen(8080)';
    await docker('run', '-d', '--name', 'web', '-p', '127.0.0.1:18080:8080', image, 'node', '-e', serve);
    const ask = 'fetch("http://127.0.0.1:18080").then((r) => r.text()).then(console.log)';
    await expect.poll(async () => (await host.exec([process.execPath, '-e', ask])).stdout).toBe('inside');
    await expect(fetch('http://127.0.0.1:18080')).rejects.toThrow('fetch failed');
    await docker('rm', '-f', 'web');
  });

  describe('its way out', () => {
    let outside: Server;
    let address: string;
    let visits: string[];

    beforeAll(async () => {
      visits = [];
      outside = createServer((request, response) => {
        visits.push(request.url ?? '');
        response.end('outside');
      }).listen(0);
      await once(outside, 'listening');
      const own = Object.values(networkInterfaces()).flatMap((them) => them ?? []);
      const ip = own.find(({ internal, family }) => !internal && family === 'IPv4')?.address ?? '127.0.0.1';
      const bound = outside.address();
      address = `http://${ip}:${typeof bound === 'object' ? bound?.port : ''}`;
    });

    afterAll(() => {
      outside.close();
      outside.closeAllConnections();
    });

    const visit = (name: string) =>
      `fetch("${address}/${name}").then(() => 0, () => 7).then((code) => process.exit(code))`;

    test('is closed to services', async () => {
      const result = await host.cli(['run', '--rm', image, 'node', '-e', visit('service')]);
      expect(result.exitCode).toBe(7);
      expect(visits).not.toContain('/service');
    });

    test('is closed to services at every moment of a boot', async () => {
      const knock = `setInterval(() => fetch("${address}/boot").catch(() => {}), 2); setTimeout(() => console.log("knocked"), 500)`;
      await docker('run', '-d', '--name', 'knocker', '--restart', 'always', image, 'node', '-e', knock);
      await host.crash();
      const times = async () => (await docker('logs', 'knocker')).split('knocked').length - 1;
      await expect.poll(times, { timeout: 10_000 }).toBeGreaterThan(0);
      expect(visits).not.toContain('/boot');
      await docker('rm', '-f', 'knocker');
    });

    test('is open to a build on the host network, the package registry included', async () => {
      const { path: context, cleanup } = await dir({ unsafeCleanup: true });
      const lines = [`FROM ${image}`, `RUN node -e '${visit('build')}'`, 'RUN npm ping'];
      await writeFile(path.join(context, 'Dockerfile'), lines.join('\n'));
      await docker('build', '--network', 'host', '--no-cache', context);
      expect(visits).toContain('/build');
      await cleanup();
    });
  });

  test('an image comes from a registry by pull', async () => {
    const registry = await packagedProgram(home, 'docker-registry', 'docker-registry');
    if (!registry) throw new Error('There is no Debian mirror.');
    const { path: folder, cleanup } = await dir({ unsafeCleanup: true });
    const config = {
      version: 0.1,
      storage: { filesystem: { rootdirectory: folder } },
      http: { addr: '127.0.0.1:5000' },
    };
    await writeFile(path.join(folder, 'config.yml'), JSON.stringify(config));
    const end = new AbortController();
    const { promise: listening, resolve } = Promise.withResolvers<void>();
    const serving = host.exec([registry.program, 'serve', path.join(folder, 'config.yml')], {
      signal: end.signal,
      env: { LD_LIBRARY_PATH: registry.libraries.join(':') },
      onLine: (line) => {
        if (line.includes('listening on')) resolve();
      },
    });
    await Promise.race([listening, serving]);

    const ref = '127.0.0.1:5000/outlast/pulled:1';
    await docker('tag', image, ref);
    await docker('push', ref);
    await docker('rmi', ref);
    expect(await hasImage(host.docker, ref)).toBe(false);
    expect(await ensureImage(host, ref, {})).toBe('pulled');
    expect(await ensureImage(host, ref, {})).toBe('present');
    await docker('rmi', ref);

    end.abort();
    await expect(serving).rejects.toThrow('aborted');
    // What nothing can stand in for is tried each time, whatever was tried for something else.
    const why = /127\.0\.0\.1:5000.*refused/;
    const options = { home: folder };
    expect(await bringIfPossible(host, ref, options)).toMatch(new RegExp(`^it cannot be pulled: .*${why.source}`));
    expect(await bringIfPossible(host, ref, options)).toMatch(
      new RegExp(`^it could not be pulled \\d+ s ago and was not tried again: .*${why.source}`),
    );
    const failure = await ensureImage(host, ref, {}).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'IMAGE_UNAVAILABLE', detail: expect.stringMatching(why) });
    await cleanup();
  });

  test('two stand side by side, and an image goes from one engine to the other', async () => {
    const other = await PrivateHost.open({ home, toolchain: host.toolchain });
    try {
      expect(other.id).not.toBe(host.id);
      expect(other.projectsDir).not.toBe(host.projectsDir);
      await docker('tag', image, 'outlast/copied:1');
      await other.cli(['rmi', 'outlast/copied:1']);
      expect(await ensureImage(other, 'outlast/copied:1', { ambient: host.docker })).toBe('ambient');
      const boot = await host.bootId();
      await docker('run', '-d', '--name', 'neighbour', image, 'sleep', '1000');
      await other.crash();
      expect(await host.bootId()).toBe(boot);
      expect((await stateOf('neighbour')).Running).toBe(true);
      await docker('rm', '-f', 'neighbour');
    } finally {
      await other[Symbol.asyncDispose]();
    }
    expect(await other.bootId()).toBeNull();
  });

  test('an engine comes from a static archive, if it is the one that was promised', async () => {
    const { path: folder, cleanup } = await dir({ unsafeCleanup: true, mode: 0o700 });
    const { engine } = host.toolchain;
    const names = [
      'dockerd',
      'docker',
      'containerd',
      'containerd-shim-runc-v2',
      'ctr',
      'runc',
      'docker-init',
      'docker-proxy',
    ];
    await mkdir(path.join(folder, 'docker'));
    for (const name of names) {
      const places = [path.dirname(engine.dockerd), path.dirname(engine.docker), ...engine.path];
      for (const place of places)
        if (await isThere(path.join(place, name))) {
          await cp(path.join(place, name), path.join(folder, 'docker', name), { dereference: true });
          break;
        }
    }
    const archive = path.join(folder, 'docker.tgz');
    await execa('tar', ['-cf', archive, '-I', 'gzip -1', '-C', folder, 'docker']);
    const content = await readFile(archive);
    const server = createServer((_, response) => response.end(content)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const bound = server.address();
    const url = `http://127.0.0.1:${typeof bound === 'object' ? bound?.port : ''}/docker.tgz`;
    const find = (sum: string) =>
      archivedEngine.find(folder, { env: { OUTLAST_ENGINE_URL: url, OUTLAST_ENGINE_SHA256: sum } });
    try {
      const wrong = await find('0'.repeat(64)).catch((error: unknown) => error);
      expect(wrong).toBeInstanceOf(OutlastError);
      expect(wrong).toMatchObject({ code: 'CHECKSUM_MISMATCH' });
      const found = await find(createHash('sha256').update(content).digest('hex'));
      if (!found) throw new Error('no engine');
      expect(found).toMatchObject({ origin: 'archive', version: engine.version });
      const toolchain = { ...host.toolchain, engine: { ...found, libraries: engine.libraries } };
      const other = await PrivateHost.open({ home: folder, toolchain });
      expect(other.engineVersion).toContain(engine.version);
      await other[Symbol.asyncDispose]();
    } finally {
      server.close();
      server.closeAllConnections();
      await cleanup();
    }
  });

  test('an engine that does not come up says why', async () => {
    const { path: folder, cleanup } = await dir({ unsafeCleanup: true, mode: 0o700 });
    const toolchain = { ...host.toolchain, tools: { ...host.toolchain.tools, busybox: '/nowhere/busybox' } };
    const failure = await PrivateHost.open({ home: folder, toolchain }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'HOST_BOOT_FAILED', detail: expect.stringContaining('/nowhere/busybox') });
    await cleanup();
  });

  test('an abort ends a boot', async () => {
    const { path: folder, cleanup } = await dir({ unsafeCleanup: true, mode: 0o700 });
    const end = new AbortController();
    const opening = PrivateHost.open({ home: folder, toolchain: host.toolchain, signal: end.signal });
    const log = path.join(folder, 'slots/0/engine.log');
    const opened = opening.catch((error: unknown) => error);
    await expect.poll(() => isThere(log), { interval: 2 }).toBe(true);
    end.abort(new Error('enough'));
    expect(await opened).toMatchObject({ message: 'enough' });
    expect(await isThere(path.join(folder, 'slots/0/tenant.json'))).toBe(false);
    await cleanup();
  });

  test('an abort does not wait for a container that takes its time to stop', async () => {
    const other = await PrivateHost.open({ home, toolchain: host.toolchain });
    try {
      await ensureImage(other, image, { ambient: host.docker });
      await other.cli(['run', '-d', '--stop-timeout', '60', image, 'sleep', '1000']);
      const end = new AbortController();
      const rebooting = other.reboot(end.signal).catch((error: unknown) => error);
      await expect.poll(async () => readFile(other.engineLog, 'utf8'), { interval: 20 }).toContain('Processing signal');
      const at = Date.now();
      end.abort(new Error('enough'));
      expect(await rebooting).toMatchObject({ message: 'enough' });
      expect(Date.now() - at).toBeLessThan(5000);
    } finally {
      await other[Symbol.asyncDispose]();
    }
  });

  test('of a harness that is killed nothing is left, and nothing else is touched', async () => {
    const run = `killed-${process.pid}`;
    const mine = ['--label', `${RUN_LABEL}=${run}`];
    const helpers = path.join(import.meta.dirname, '../helpers');
    const program = `
      import { PrivateHost } from ${JSON.stringify(path.join(helpers, 'host/private-host.ts'))};
      import { openRun } from ${JSON.stringify(path.join(helpers, 'cleanup/run.ts'))};
      const run = await openRun(${JSON.stringify(home)}, ${JSON.stringify(run)});
      run.note({ kind: 'engine', endpoint: process.env.DOCKER_HOST });
      run.note({ kind: 'volume', name: 'anonymous' });
      const host = await PrivateHost.open({ home: ${JSON.stringify(home)} });
      await host.docker.createVolume({ Name: 'left' });
      console.log(JSON.stringify([host.id, host.dockerHost]));
      setInterval(() => {}, 1000);`;
    // This host stands in for the engine of a user.
    await docker('volume', 'create', 'anonymous');
    await docker('volume', 'create', 'bystander');
    await docker('volume', 'create', ...mine, 'labelled');
    await docker('volume', 'create', '--label', `${RUN_LABEL}=another-run`, 'of-another-run');
    await docker('run', '-d', '--name', 'bystander', image, 'sleep', '1000');
    await docker('run', '-d', '--name', 'labelled', ...mine, '-v', 'labelled:/data', image, 'sleep', '1000');

    const harness = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, DOCKER_HOST: host.dockerHost },
    });
    const [output] = await once(harness.stdout, 'data');
    const [id, socket]: string[] = JSON.parse(String(output));
    const slot = path.join(home, 'slots', String(id).replace('private-', ''));
    expect(await isThere(String(socket).slice('unix://'.length))).toBe(true);
    const killed = Date.now();
    harness.kill('SIGKILL');
    await expect.poll(() => isThere(path.join(home, 'runs', run)), { timeout: 30_000, interval: 20 }).toBe(false);
    expect(Date.now() - killed).toBeLessThan(10_000);

    expect(await isThere(path.dirname(String(socket).slice('unix://'.length)))).toBe(false);
    expect(await isThere(path.join(slot, 'tenant.json'))).toBe(false);
    expect(await readdir(path.join(slot, 'world/docker/volumes'))).not.toContain('left');
    const processes = await execa('ps', ['-eo', 'args']);
    expect(processes.stdout.split('\n').filter((line) => line.includes(`${slot}/`))).toEqual([]);
    const volumes = (await docker('volume', 'ls', '-q')).split('\n');
    expect(volumes).toEqual(expect.arrayContaining(['bystander', 'of-another-run']));
    expect(volumes).not.toContain('labelled');
    expect(volumes).not.toContain('anonymous');
    expect(await docker('ps', '--format', '{{.Names}}')).toBe('bystander');
    await docker('rm', '-f', 'bystander');
  });

  test('disposal leaves no process, socket or cgroup, and an empty world', async () => {
    const other = await PrivateHost.open({ home, toolchain: host.toolchain });
    const slot = path.dirname(path.dirname(other.projectsDir));
    await writeFile(path.join(other.projectsDir, 'file'), '');
    await other.docker.createVolume({ Name: 'gone' });
    await other[Symbol.asyncDispose]();
    expect(await readdir(other.projectsDir)).toEqual([]);
    expect(await readdir(path.join(slot, 'world/docker/volumes'))).not.toContain('gone');
    expect(await isThere(path.dirname(other.dockerHost.slice('unix://'.length)))).toBe(false);
    const processes = await execa('ps', ['-eo', 'args']);
    expect(processes.stdout.split('\n').filter((line) => line.includes(`${slot}/`))).toEqual([]);
    const mounts = await readFile('/proc/self/mountinfo', 'utf8');
    expect(mounts).not.toContain(slot);
  });

  test('takes over an image of another engine as it is', async () => {
    await copyImages(host.docker, host.docker, [image]);
    expect(await hasImage(host.docker, image)).toBe(true);
  });
});
