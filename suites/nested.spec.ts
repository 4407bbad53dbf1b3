import { randomBytes } from 'node:crypto';
import { chown, cp, mkdir, readdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { dir } from 'tmp-promise';
import { describe, test as base, vi } from 'vitest';
import { killAlone, outlast, startedRun } from '../fixtures/cli.ts';
import { OtherUser, USER } from '../fixtures/other-user.ts';
import { HEARD_DOMAIN, resolveIn } from '../fixtures/resolver.ts';
import { TheirEngine } from '../fixtures/their-engine.ts';
import { openRun } from '../helpers/cleanup/run.ts';
import { outlastHome } from '../helpers/home.ts';
import { EGRESS_BRIDGE } from '../helpers/host/firewall.ts';
import { RUN_LABEL } from '../helpers/host/host.ts';
import { copyImages } from '../helpers/host/images.ts';
import { NestedHost } from '../helpers/host/nested/nested-host.ts';
import type { CellRecord } from '../helpers/scenario/record.ts';
import { Session } from '../helpers/scenario/session.ts';
import { findComposeFiles } from '../helpers/stack/compose-files.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const IMAGE = 'outlast/busybox:1';

interface Seen {
  readonly verdict: string;
  readonly hosts: readonly { readonly kind: string; readonly engineVersion: string }[];
  readonly cells: readonly CellRecord[];
}

const seenIn = async (folder: string): Promise<Seen> => JSON.parse(await readFile(join(folder, 'report.json'), 'utf8'));

/** What the user's engine has, bystanders and images included. */
async function inventory(theirs: TheirEngine): Promise<string[]> {
  const images = await theirs.docker('images', '-aq', '--no-trunc');
  const bystander = await theirs.docker('inspect', '--format', '{{.State.StartedAt}} {{.State.Running}}', 'bystander');
  return [...(await theirs.holds()), ...images.split('\n'), bystander].toSorted();
}

const test = base
  .extend('folder', async ({}, { onCleanup }) => {
    const made = await dir({ prefix: 'outlast-nested-', unsafeCleanup: true, mode: 0o755 });
    onCleanup(async () => made.cleanup());
    return made.path;
  })
  .extend('theirs', { scope: 'file' }, async ({}, { onCleanup }) => {
    const made = await dir({ prefix: 'outlast-theirs-', unsafeCleanup: true });
    const opening = TheirEngine.open(made.path);
    onCleanup(async () => {
      await (await opening)[Symbol.asyncDispose]();
      await made.cleanup();
    });
    const theirs = await opening;
    const { busybox } = theirs.host.toolchain.tools;
    const root = join(made.path, 'root');
    await mkdir(join(root, 'bin'), { recursive: true });
    await cp(busybox, join(root, 'bin/busybox'));
    await execa(busybox, ['--install', '-s', join(root, 'bin')]);
    await execa('find', [join(root, 'bin'), '-type', 'l', '-exec', 'ln', '-sf', 'busybox', '{}', ';']);
    await execa('tar', ['-cf', join(made.path, 'root.tar'), '-C', root, 'bin']);
    await theirs.docker('import', join(made.path, 'root.tar'), IMAGE);
    await theirs.docker('run', '-d', '--name', 'bystander', '-v', 'bystander:/data', IMAGE, 'sleep', '1000000');
    return theirs;
  })
  .extend('host', { scope: 'file' }, async ({ theirs }, { onCleanup }) => {
    const home = await outlastHome();
    const run = await openRun(home, `suites-${randomBytes(4).toString('hex')}`);
    const opened = Promise.withResolvers<NestedHost | null>();
    onCleanup(async () => {
      await (await opened.promise)?.[Symbol.asyncDispose]();
      await run[Symbol.asyncDispose]();
    });
    for (const [name, value] of Object.entries(theirs.env)) vi.stubEnv(name, value);
    NestedHost.open({ home, run }).then(opened.resolve, opened.reject);
    const host = await opened.promise.finally(() => vi.unstubAllEnvs());
    if (!host) throw new Error('There is no image of an engine.');
    await copyImages(theirs.host.docker, host.docker, [IMAGE]);
    return host;
  })
  .extend('asUser', async ({ theirs, folder, signal }) => {
    /** Runs the command line as somebody who is not root, has no cache that root could read for him, and may use the engine. */
    return async (args: readonly string[], cwd: string) => {
      const socket = theirs.env.DOCKER_HOST.slice('unix://'.length);
      for (const each of [socket, dirname(socket)]) await chown(each, USER, USER);
      const user = await OtherUser.in(folder);
      await lendPackages(user.home);
      await execa('chown', ['-R', `${USER}:${USER}`, cwd]);
      return user.outlast(args, { cwd, signal, env: { ...theirs.env, DOCKER_CONFIG: join(user.home, '.docker') } });
    };
  });

/** The packages that were fetched for root: for somebody else they would take half a minute. */
async function lendPackages(home: string): Promise<void> {
  const [from, to] = [await realpath(join(await outlastHome(), 'packages')), join(home, 'packages')];
  await mkdir(to);
  // What was not fetched yet he fetches himself.
  await chown(to, USER, USER);
  // Links to the same files: they are read, and never given away.
  const lent = ['engine-bookworm', 'engine-trixie', 'engine-newest', 'plugins', 'image-tools', 'network-tools'];
  for (const bundle of (await readdir(from)).filter((each) => lent.includes(each)))
    await execa('cp', ['-al', join(from, bundle), to]).catch(async () => execa('cp', ['-a', join(from, bundle), to]));
  const { stdout } = await execa('find', [to, '-type', 'l', '-lname', `${from}/*`, '-printf', '%p\\n%l\\n']);
  const lines = stdout.split('\n');
  for (let at = 0; at + 1 < lines.length; at += 2)
    await execa('ln', ['-sfn', String(lines[at + 1]).replace(from, to), String(lines[at])]);
  const manifests = await execa('find', [to, '-maxdepth', '2', '-name', 'outlast.json']);
  for (const manifest of manifests.stdout.split('\n')) {
    const text = await readFile(manifest, 'utf8');
    await execa('rm', [manifest]);
    await writeFile(manifest, text.replaceAll(from, to));
  }
}

/** What goes to the door of the machine that their engine is on. */
const visit = (name: string): string => `wget -q -O /dev/null http://10.0.2.100:7000/${name}`;

/** A service that asks for a name of its own, over and over. */
const asking = (name: string) => ({
  image: IMAGE,
  init: true,
  command: ['sh', '-c', `while :; do nslookup ${name}.${HEARD_DOMAIN}; echo asked; sleep 0.1; done`],
});

describe('a nested host', { timeout: 300_000 }, () => {
  test('is chosen by who is not root and has an engine, and his stack comes through with every row', async ({
    theirs,
    folder,
    asUser,
    expect,
  }) => {
    const before = await inventory(theirs);
    const [stack, out] = [join(folder, 'stack'), join(folder, 'stack/out')];
    await cp(join(ROOT, 'fixtures/sound/bare'), stack, { recursive: true });
    const only = 'reboot,crash,engine-upgrade,uid-mismatch';
    const { exitCode, all } = await asUser(['run', '--only', only, '--out', out], stack);
    expect(exitCode, all).toBe(0);
    const { verdict, hosts, cells } = await seenIn(out);
    expect(verdict).toBe('outlasts');
    expect(hosts.map(({ kind }) => kind)).toEqual(['nested', 'nested']);
    expect(hosts[0]?.engineVersion).not.toBe(hosts[1]?.engineVersion);
    expect(cells.map(({ disruption, store, data, service }) => `${disruption} ${store} ${data} ${service}`)).toEqual(
      only.split(',').flatMap((each) => ['volume', 'bind', 'layer'].map((store) => `${each} ${store} survived up`)),
    );
    for (const cell of cells) expect(cell.intact).toBe(cell.attempted);
    expect(await inventory(theirs)).toEqual(before);
  });

  test('control: what lies in memory is lost by a crash', async ({ theirs, folder, task, expect }) => {
    const before = await inventory(theirs);
    const cwd = join(ROOT, 'fixtures/broken/bare-tmpfs');
    const args = ['run', '--host', 'nested', '--only', 'reboot,crash', '--out', folder];
    const { exitCode } = await outlast(args, { cwd, env: theirs.env });
    const { verdict, cells } = await seenIn(folder);
    const controls = cells.map(({ disruption, outcome, reason }) => {
      const caught = outcome === 'lost';
      return { id: `bare-tmpfs/nested-${disruption}`, expected: 'lost', outcome, caught, reason } as const;
    });
    task.meta.persistence = { controls };
    expect(controls.map(({ outcome }) => outcome)).toEqual(['lost', 'lost']);
    expect([exitCode, verdict]).toEqual([1, 'loses']);
    expect(await inventory(theirs)).toEqual(before);
  });

  test('control: a folder inside it gets another name with what is bound there, and a volume named after it stays behind', async ({
    theirs,
    folder,
    task,
    expect,
  }) => {
    const before = await inventory(theirs);
    const [cwd, out] = [join(folder, 'shop'), join(folder, 'report')];
    await cp(join(ROOT, 'fixtures/sound/bare'), cwd, { recursive: true });
    const compose = await readFile(join(cwd, 'compose.yaml'), 'utf8');
    await writeFile(join(cwd, 'compose.yaml'), compose.replace('name: bare\n', ''));
    const args = ['run', '--host', 'nested', '--only', 'move-project', '--out', out];
    const { exitCode, stderr } = await outlast(args, { cwd, env: theirs.env });
    expect(exitCode, stderr).toBe(1);
    const { verdict, cells } = await seenIn(out);
    const moved = cells.find(({ store }) => store === 'volume');
    const caught = moved?.outcome === 'hidden';
    const seen = { outcome: moved?.outcome ?? 'none', caught, reason: moved?.reason ?? null };
    task.meta.persistence = { controls: [{ id: 'bare/nested-move-project', expected: 'hidden', ...seen }] };
    expect(cells.map(({ store, outcome, service }) => `${store} ${outcome} ${service}`).toSorted()).toEqual([
      'bind survived up',
      'layer lost up',
      'volume hidden up',
    ]);
    expect(moved?.proof).toMatchObject({
      before: { 'project folder': expect.stringMatching(/\/checkout$/) as string, 'project name': 'shop' },
      after: { 'project folder': expect.stringMatching(/\/checkout-moved$/) as string, 'project name': 'shop-moved' },
    });
    expect(verdict).toBe('loses');
    expect(await inventory(theirs)).toEqual(before);
  });

  test('by SIGINT while it is being made leaves nothing', async ({ theirs, folder, expect }) => {
    const before = await inventory(theirs);
    const options = { cwd: join(ROOT, 'fixtures/broken/bare-tmpfs'), env: theirs.env };
    const { run } = await startedRun('Docker host', options, ['--host', 'nested', '--out', folder]);
    // Not before it has begun there.
    await vi.waitFor(async () => expect(await theirs.holds(RUN_LABEL)).not.toEqual([]), {
      timeout: 120_000,
      interval: 20,
    });
    const at = performance.now();
    run.kill('SIGINT');
    expect((await run).exitCode).toBe(130);
    expect(performance.now() - at).toBeLessThan(10_000);
    expect(await inventory(theirs)).toEqual(before);
  });

  test('by SIGKILL, its reaper too, is swept by `clean`, and bystanders stay', async ({ theirs, folder, expect }) => {
    const before = await inventory(theirs);
    const options = { cwd: join(ROOT, 'fixtures/broken/bare-tmpfs'), env: theirs.env };
    const { run } = await startedRun('disrupting', options, ['--host', 'nested', '--out', folder]);
    await killAlone(run);
    // A container, its volume and the image that it stands on.
    expect(await theirs.holds(RUN_LABEL)).toHaveLength(2);
    expect(await inventory(theirs)).not.toEqual(before);
    const { stdout } = await outlast(['clean'], { cwd: folder, env: theirs.env });
    for (const kind of ['container', 'image', 'volume']) expect(stdout).toContain(`removed ${kind} `);
    expect(await inventory(theirs)).toEqual(before);
  });

  test('has a way out for builds and none for services, at its first boot and after', async ({
    theirs,
    host,
    folder,
    expect,
  }) => {
    // A door on the machine that their engine is on, and who came through it.
    const visitors = new Set<string>();
    const serve = `require('http').createServer((q, r) => { console.log(q.url); r.end(); }).listen(7000, () => console.log('/open'))`;
    const end = new AbortController();
    const serving = theirs.host.exec([process.execPath, '-e', serve], {
      signal: end.signal,
      onLine: (line) => visitors.add(line.slice(1)),
    });
    serving.catch(() => {});
    await expect.poll(() => visitors.delete('open')).toBe(true);
    const service = async (name: string) => (await host.cli(['run', '--rm', IMAGE, 'sh', '-c', visit(name)])).exitCode;
    expect(await service('service')).not.toBe(0);
    await host.reboot();
    expect(await service('service-after')).not.toBe(0);
    await writeFile(join(folder, 'Dockerfile'), `FROM ${IMAGE}\nRUN ${visit('build')}\n`);
    const built = await host.cli(['build', '--network', 'host', folder]);
    expect(built.exitCode, built.stderr).toBe(0);
    await host.cli(['network', 'create', '-o', `com.docker.network.bridge.name=${EGRESS_BRIDGE}`, 'out']);
    const letOut = await host.cli(['run', '--rm', '--network', 'out', IMAGE, 'sh', '-c', visit('let-out')]);
    expect(letOut.exitCode, letOut.stderr).toBe(0);
    // There is but one bridge of that name.
    await host.cli(['network', 'rm', 'out']);
    expect([...visitors]).toEqual(['build', 'let-out']);
    end.abort();
  });

  test('asks name servers for no service but one that is let out', async ({
    theirs,
    host,
    folder,
    signal,
    task,
    expect,
  }) => {
    task.meta.persistence = {};
    await using resolver = await resolveIn(theirs.host, ['10.0.2.100']);
    const nested = await theirs.docker('ps', '--quiet', '--filter', `label=${RUN_LABEL}`);
    await theirs.docker('exec', nested, 'cp', '/etc/resolv.conf', '/tmp/resolv.conf');
    await theirs.docker('exec', nested, 'sh', '-c', 'echo nameserver 10.0.2.100 >/etc/resolv.conf');
    const services = { inside: asking('inside'), 'let-out': asking('let-out') };
    await writeFile(join(folder, 'compose.yaml'), JSON.stringify({ name: 'asking', services }));
    const compose = await findComposeFiles([], folder);
    const options = { runId: randomBytes(4).toString('hex'), compose, markers: 1, seed: 'nested', timeoutMs: 20_000 };
    await using session = new Session({ ...options, egress: ['let-out'], signal }, host);
    await (await session.build()).up(20_000, signal);
    const asked = async () => (await host.cli(['logs', 'asking-inside-1'])).stdout.split('asked').length - 1;
    await expect.poll(asked).toBeGreaterThan(3);
    await expect.poll(() => [...resolver.asked]).toEqual(['let-out']);
    await theirs.docker('exec', nested, 'cp', '/tmp/resolv.conf', '/etc/resolv.conf');
  });

  test.for([
    ['reboot', 7],
    ['crash', 255],
  ] as const)('by a %s is another boot, and a container ends with %i', async ([how, exitCode], { host, expect }) => {
    const command = `trap 'exit 7' TERM; while :; do sleep 0.05; done`;
    const started = await host.cli(['run', '-d', '--name', how, IMAGE, 'sh', '-c', command]);
    expect(started.exitCode, started.stderr).toBe(0);
    const boot = await host.bootId();
    await host[how]();
    expect(await host.bootId()).toMatch(/^[0-9a-f-]{36}@\d+$/);
    expect(await host.bootId()).not.toBe(boot);
    // In order, a container gets its signal; in a crash the engine finds it dead.
    expect((await host.docker.getContainer(how).inspect()).State).toMatchObject({ Running: false, ExitCode: exitCode });
  });

  test('takes what is sent to a container up to its end, and gives it back whole', async ({ host, folder, expect }) => {
    const sent = randomBytes(8 * 1024 * 1024);
    await writeFile(join(folder, 'sent'), sent);
    const files = { stdin: join(folder, 'sent'), stdout: join(folder, 'received') };
    const result = await host.cli(['run', '-i', '--rm', IMAGE, 'cat'], files);
    expect(result.exitCode, result.stderr).toBe(0);
    expect(sent.equals(await readFile(files.stdout))).toBe(true);
  });
});
