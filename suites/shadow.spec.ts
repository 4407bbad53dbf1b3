import { randomBytes } from 'node:crypto';
import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { dir } from 'tmp-promise';
import { describe, vi } from 'vitest';
import { outlast } from '../fixtures/cli.ts';
import { openDoor } from '../fixtures/door.ts';
import { test as base } from '../fixtures/outlast.ts';
import { resolveIn, resolveOutside } from '../fixtures/resolver.ts';
import { layTree } from '../fixtures/tree.ts';
import type { Run } from '../helpers/cleanup/run.ts';
import { downVolumes } from '../helpers/disruptions/down-volumes.ts';
import { restart } from '../helpers/disruptions/restart.ts';
import { uidMismatch } from '../helpers/disruptions/uid-mismatch.ts';
import { outlastHome } from '../helpers/home.ts';
import { openAmbientHost } from '../helpers/host/ambient-host.ts';
import type { Host } from '../helpers/host/host.ts';
import { openOldestHost } from '../helpers/host/open-host.ts';
import { PrivateHost } from '../helpers/host/private-host.ts';
import { Session, type SessionOptions } from '../helpers/scenario/session.ts';
import { inspectContainers, serviceOf } from '../helpers/stack/attestation.ts';
import { findComposeFiles } from '../helpers/stack/compose-files.ts';

const BUILD = `build: { context: ., args: { BASE_IMAGE: '\${BASE_IMAGE:-node:24-bookworm-slim}' } }`;
const DOCKERFILE = 'ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n';
const CANARY = 'canary-7d1f9b3e5a20';

const test = base
  .extend('folder', async ({}, { onCleanup }) => {
    const made = await dir({ prefix: 'outlast-shadow-', unsafeCleanup: true });
    onCleanup(async () => made.cleanup());
    return made.path;
  })
  .extend('project', async ({ folder }) => {
    const project = join(folder, 'project');
    await mkdir(project);
    return {
      folder: project,
      fromFixture: async (name: string) =>
        cp(fileURLToPath(new URL(`../fixtures/sound/${name}`, import.meta.url)), project, { recursive: true }),
      lay: async (files: Readonly<Record<string, string>>) => {
        for (const [name, text] of Object.entries(files)) {
          await mkdir(dirname(join(project, name)), { recursive: true });
          await writeFile(join(project, name), text);
        }
      },
      git: async (...args: readonly string[]) => execa('git', ['-C', project, ...args]),
      /** Every name, owner, mode, time, inode, block, byte and extended attribute. */
      picture: async () => {
        const script = `find . -printf '%p %U %G %m %i %n %b %T@ %C@ %l\\n' | sort; find . -type f -exec sha256sum {} + | sort
          tar -c --format=posix --pax-option=exthdr.name=%f,delete=atime,delete=ctime --xattrs --xattrs-include='*' --sort=name . | sha256sum`;
        return (await execa('sh', ['-c', script], { cwd: project })).stdout;
      },
    };
  })
  .extend('opened', async ({}, { onCleanup }) => {
    const opened = new AsyncDisposableStack();
    onCleanup(async () => opened.disposeAsync());
    return opened;
  })
  .extend('open', ({ project, signal, opened }) => {
    /** A session, closed before the hosts that were opened before it. */
    return async (host: Host, options: Partial<SessionOptions> = {}, files: readonly string[] = []) => {
      const compose = await findComposeFiles(files, project.folder);
      const session = new Session(
        {
          runId: randomBytes(4).toString('hex'),
          compose,
          markers: 1,
          seed: 'shadow',
          timeoutMs: 20_000,
          signal,
          ...options,
        },
        host,
      );
      return opened.use(session);
    };
  });

async function containersOf(host: Host, project: string) {
  const containers = await inspectContainers(host.docker, project);
  return Object.fromEntries(containers.map((container) => [serviceOf(container), container]));
}

/** Resolves when every service has knocked several times. */
async function allKnocked(host: Host, project: string): Promise<void> {
  for (const { Id } of Object.values(await containersOf(host, project))) {
    const knocks = async () => (await host.cli(['logs', Id])).stdout.split('knocked').length - 1;
    await vi.waitUntil(async () => (await knocks()) > 3, { timeout: 30_000, interval: 100 });
  }
}

async function inside(host: Host, id: string, ...command: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await host.cli(['exec', id, ...command]);
  if (exitCode !== 0) throw new Error(stderr);
  return stdout;
}

describe('a project spread over files', () => {
  test('is carried as it is, and each alteration is listed', async ({ host, open, project, expect, task }) => {
    task.meta.persistence = {};
    await project.fromFixture('many-files');
    await project.git('init', '-q');
    await project.git('add', '.');
    await project.lay({ 'tracked/untracked': 'mine' });
    const before = await project.picture();

    const session = await open(host, { profiles: ['work'] }, ['compose.yaml', 'override.yaml']);
    await session.start();
    const services = await containersOf(host, 'many-files');

    expect(Object.keys(services).toSorted()).toEqual(['app', 'extended', 'included', 'worker']);
    const env = (service: string) => services[service]?.Config.Env ?? [];
    const words = ['FROM_DOTENV=word', 'FROM_DEFAULT=default', 'DOLLARS=$HOME ${WORD}'];
    expect(env('app')).toEqual(
      expect.arrayContaining([...words, 'FROM_ENV_FILE=file', 'TO_OVERRIDE=overridden', 'FROM_OVERRIDE=more']),
    );
    expect(env('worker')).toEqual(expect.arrayContaining([...words, 'TO_OVERRIDE=worker']));
    expect(env('extended')).toEqual(expect.arrayContaining(['FROM_BASE=word', 'OWN=own']));
    expect(env('included')).toEqual(expect.arrayContaining(['FROM_INCLUDED=included']));

    const read = async (file: string) => inside(host, services['app']?.Id ?? '', 'cat', file);
    expect(await read('/run/secrets/from-file')).toBe('file secret 1');
    expect(await read('/run/secrets/renamed')).toBe('variable secret 1');
    expect(await read('/inline')).toBe('word word, price $5');
    expect(await read('/from-file')).toBe('setting = 1');
    expect(await read('/single.txt')).toBe('single');
    expect(await read('/read-only/file')).toBe('read');
    expect(await inside(host, services['app']?.Id ?? '', 'ls', '/tracked')).toContain('file');
    expect(await inside(host, services['app']?.Id ?? '', 'ls', '/tracked')).not.toContain('untracked');

    // Whatever the shadow writes, it writes elsewhere.
    await inside(host, services['app']?.Id ?? '', 'sh', '-c', 'echo x >>/tracked/file; echo x >>/single.txt');
    expect(await project.picture()).toBe(before);

    const { stack } = await session.record();
    const at = (name: string) => `the bind ${join(project.folder, name)}`;
    const each = Object.keys(services).toSorted();
    expect(
      stack.changes
        .filter((change) => !/base.* in place of|toolbox|built on the host|looked up/.test(change))
        .toSorted(),
    ).toEqual(
      [
        'every service, volume, network and image that is built carries the label dev.outlast.run',
        'worker: its profiles are dropped, one of which is chosen',
        `${at('tracked')} is replaced by a folder with the 1 files in it that git tracks`,
        ...['read-only', 'single.txt', 'secret.txt', 'config.txt'].map((name) => `${at(name)} is replaced by a copy`),
      ].toSorted(),
    );
    for (const service of each) {
      expect(stack.changes).toContain(`${service}: the probe's toolbox is mounted read-only at /.outlast`);
      expect(stack.changes).toContain(`${service}: names outside of the stack are not looked up`);
    }
  });

  test('is found by COMPOSE_FILE', async ({ host, open, project, expect, task }) => {
    task.meta.persistence = {};
    await project.fromFixture('many-files');
    await project.lay({
      '.env': 'COMPOSE_FILE=compose.yaml:override.yaml\nCOMPOSE_PROFILES=other\nWORD=a\nSECRET_WORD=b\n',
    });
    const session = await open(host);
    await session.openHost();
    expect(session.services).toContain('left-out');
    expect((await session.record()).stack.files.map((file) => file.replace(/.*\//, ''))).toEqual([
      'compose.yaml',
      'override.yaml',
    ]);
  });
});

test('data that was copied is in every fresh stack, but not where a restore begins', async ({
  host,
  open,
  project,
  expect,
  task,
}) => {
  task.meta.persistence = {};
  await project.lay({
    'compose.yaml': `name: copied\nservices:\n  app:\n    ${BUILD}\n    volumes: ['./mine:/mine', './theirs:/theirs:ro']\n`,
    Dockerfile: DOCKERFILE,
    'mine/file': 'mine',
    'theirs/file': 'theirs',
  });
  const before = await project.picture();
  const session = await open(host, { data: 'copy' });
  const shadow = await session.build();
  const laid = async () =>
    Promise.all(shadow.shadow.binds.map(async ({ source }) => readdir(source).catch(() => 'nothing')));
  expect(await laid()).toEqual([['file'], ['file']]);
  await shadow.erase();
  expect(await laid()).toEqual(['nothing', 'nothing']);
  await shadow.renew({ blank: true });
  expect(await laid()).toEqual([[], ['file']]);
  await shadow.erase();
  await shadow.renew();
  expect(await laid()).toEqual([['file'], ['file']]);
  expect(await project.picture()).toBe(before);
});

/** Names, owners, modes, sizes, links and times, as every `stat` tells them. */
const LIST = 'cd "$0" && find . | sort | xargs stat -c "%n %u %g %a %s %h %Y"; find . -type f | sort | xargs sha256sum';

test.for([
  ['copy', 'its copy'],
  ['empty', 'an empty folder'],
] as const)(
  'a folder of any owners, modes, links, holes, attributes and times stays bit by bit what it was, with %s',
  async ([data], { host, open, project, expect, task }) => {
    task.meta.persistence = {};
    await project.lay({
      'compose.yaml': `name: tree\nservices:\n  app:\n    ${BUILD}\n    init: true\n    command: [sleep, infinity]\n    volumes: ['./mine:/mine']\n`,
      Dockerfile: DOCKERFILE,
    });
    const mine = join(project.folder, 'mine');
    await layTree(mine);
    const before = await project.picture();

    const session = await open(host, { data });
    const matrix = await session.start();
    const sh = async (script: string) => {
      const { app } = await containersOf(host, 'tree');
      return inside(host, app?.Id ?? '', 'sh', '-c', script, '/mine');
    };
    const theirs = await readdir(mine);
    const carried = (await sh('ls -A /mine')).split('\n').filter((name) => theirs.includes(name));
    expect(carried).toHaveLength(data === 'copy' ? theirs.length : 0);
    if (data === 'copy') expect((await sh(LIST)).trim()).toBe((await execa('sh', ['-c', LIST, mine])).stdout);
    for (const disruption of [restart, uidMismatch('both'), downVolumes]) {
      const [cell] = await matrix.run(disruption);
      expect(cell).toMatchObject({ status: 'ran', data: 'survived' });
    }
    await sh('cd /mine && chown -R 5:5 . && find . -type f -exec sh -c "echo x >>{}" \\; && rm -r ./*');
    expect(await project.picture()).toBe(before);
  },
);

describe('the way out', () => {
  const outside = test
    .extend('door', async ({}, { onCleanup }) => {
      const door = await openDoor();
      onCleanup(async () => door[Symbol.asyncDispose]());
      return door;
    })
    .extend('resolver', async ({}, { onCleanup }) => {
      const resolver = await resolveOutside();
      onCleanup(async () => resolver[Symbol.asyncDispose]());
      return resolver;
    });

  outside.for([
    [[], []],
    [['let-out'], ['let-out']],
    [['bridged'], ['bridged']],
  ] as const)(
    'of a private host is open to %j',
    async ([egress, out], { host, open, project, door, resolver, expect, task }) => {
      task.meta.persistence = {};
      if (!(host instanceof PrivateHost)) throw new Error('It is not a private host.');
      await resolver.tell(host);
      await project.fromFixture('knocking');
      await project.lay({ '.env': `DOORS=${door.address}\nRESOLVER=10.0.2.3\n` });
      const session = await open(host, { egress });
      await session.start();
      await allKnocked(host, 'knocking');
      await expect.poll(() => [...door.visitors]).toEqual(out);
      await expect.poll(() => [...resolver.asked]).toEqual(out);
      // Firewall and network are there again after a boot.
      door.visitors.clear();
      resolver.asked.clear();
      await host.reboot();
      await resolver.tell(host);
      const { docker } = host;
      for (const { Id } of Object.values(await containersOf(host, 'knocking'))) await docker.getContainer(Id).start();
      await allKnocked(host, 'knocking');
      await expect.poll(() => [...door.visitors]).toEqual(out);
      await expect.poll(() => [...resolver.asked]).toEqual(out);
    },
  );

  outside(
    'of the oldest engine is open to the same',
    async ({ run, open, opened, project, door, resolver, expect, skip, task }) => {
      task.meta.persistence = {};
      const oldest = await openOldestHost({ kind: 'private', home: await outlastHome(), run });
      if (!(oldest instanceof PrivateHost)) return skip('There is but one engine.');
      const host = opened.use(oldest);
      await resolver.tell(host);
      await project.fromFixture('knocking');
      await project.lay({ '.env': `DOORS=${door.address}\nRESOLVER=10.0.2.3\n` });
      const session = await open(host, { egress: ['let-out'] });
      await session.start();
      await allKnocked(host, 'knocking');
      await expect.poll(() => [...door.visitors]).toEqual(['let-out']);
      await expect.poll(() => [...resolver.asked]).toEqual(['let-out']);
    },
  );

  // Somebody's engine, and a door on the machine that it is on.
  test.for([
    ['newest', async () => PrivateHost.open({ home: await outlastHome() })],
    ['oldest', async (run: Run) => openOldestHost({ kind: 'private', home: await outlastHome(), run })],
  ] as const)(
    "of the user's own engine, the %s, is open to none but those allowed",
    async ([, openEngine], { run, folder, open, opened, project, expect, skip, task }) => {
      task.meta.persistence = {};
      const engine = await openEngine(run);
      if (!(engine instanceof PrivateHost)) return skip('There is but one engine.');
      const theirs = opened.use(engine);
      // One that the engine has to ask for its containers, and one that they may come to themselves.
      const resolver = opened.use(await resolveIn(theirs, ['127.0.0.1', '10.0.2.100']));
      const visitors = new Set<string>();
      const serve = `require('http').createServer((q, r) => { console.log(q.url); r.end(); }).listen(7000, () => console.log('/open'))`;
      const end = new AbortController();
      const serving = theirs.exec([process.execPath, '-e', serve], {
        signal: end.signal,
        onLine: (line) => visitors.add(line.slice(1)),
      });
      serving.catch(() => {});
      await expect.poll(() => visitors.delete('open')).toBe(true);

      const config = join(folder, 'config');
      await mkdir(join(config, 'cli-plugins'), { recursive: true });
      await symlink(theirs.toolchain.plugins.compose, join(config, 'cli-plugins/docker-compose'));
      await symlink(theirs.toolchain.plugins.buildx, join(config, 'cli-plugins/docker-buildx'));
      opened.defer(() => {
        end.abort();
        vi.unstubAllEnvs();
      });
      vi.stubEnv('DOCKER_HOST', theirs.dockerHost);
      vi.stubEnv('DOCKER_CONFIG', config);
      vi.stubEnv('PATH', `${dirname(theirs.toolchain.engine.docker)}:${process.env['PATH']}`);
      await project.fromFixture('knocking');
      await project.lay({ '.env': 'DOORS=10.0.2.100:7000\nRESOLVER=10.0.2.100\n' });
      const runId = randomBytes(4).toString('hex');
      const host = opened.use(await openAmbientHost({ home: await outlastHome(), run: { id: runId, note: () => {} } }));
      const session = await open(host, { runId, egress: ['let-out'] });
      await session.start();
      await allKnocked(host, `outlast-${runId}`);
      await expect.poll(() => [...visitors]).toEqual(['let-out']);
      await expect.poll(() => [...resolver.asked]).toEqual(['let-out']);
    },
  );
});

const secretStack = (command: string, more = '') => ({
  'compose.yaml': `name: canary
services:
  app:
    ${BUILD}
    init: true
    environment: { DB_PASSWORD: '\${DB_PASSWORD}' }
    command: ${command}
    volumes: ['data:/data', './mine:/mine']
    secrets: [key]
    ${more}
volumes: { data: {} }
secrets: { key: { file: ./key.txt } }
`,
  Dockerfile: DOCKERFILE,
  '.env': `DB_PASSWORD=${CANARY}-env\n`,
  'key.txt': `${CANARY}-file\n`,
  'mine/file': 'mine',
});

describe('a secret', () => {
  const TELL = 'echo "with $DB_PASSWORD and $(cat /run/secrets/key)" >&2';

  test('is in no format of a report, and the folder is as it was', async ({
    project,
    folder,
    expect,
    signal,
    task,
  }) => {
    task.meta.persistence = {};
    await project.lay({
      ...secretStack('[sleep, infinity]'),
      'outlast.yaml': `stores: [{ id: rows, kind: files, service: app, path: /mine }]
backup:
  stores: [rows]
  take: { exec: app, command: [sh, -c, '${TELL}; false'] }
  restore: { exec: app, command: ['true'] }
`,
    });
    const before = await project.picture();
    const args = ['run', '--only', 'restart,restore', '--data', 'copy', '--out', join(folder, 'out')];
    const { stdout, stderr, exitCode } = await outlast(args, { cwd: project.folder, signal });
    expect(exitCode).toBe(3);
    const [json, markdown] = await Promise.all(
      ['report.json', 'report.md'].map(async (name) => readFile(join(folder, 'out', name), 'utf8')),
    );
    // It was there to be taken out.
    expect(json).toContain('with [redacted] and [redacted]');
    expect(`${json}${markdown}${stdout}${stderr}`).not.toContain('canary-');
    expect(await project.picture()).toBe(before);
  });

  test.for([
    ['of a service that gives up', secretStack(`[sh, -c, '${TELL.replaceAll('$', '$$$$')}; exit 1']`), 'NEVER_READY'],
    [
      'of a file that Compose refuses',
      secretStack('[sleep, infinity]', "ports: ['${DB_PASSWORD}']"),
      'COMPOSE_INVALID',
    ],
  ] as const)('is not in the error %s', async ([, files, code], { project, expect, signal, task }) => {
    task.meta.persistence = {};
    await project.lay(files);
    const { stdout, stderr } = await outlast(['run', '--timeout', '5'], { cwd: project.folder, signal });
    expect(stderr).toContain(code);
    expect(stderr).toContain('[redacted]');
    expect(`${stdout}${stderr}`).not.toContain('canary-');
  });
});

describe('what is refused', () => {
  test('is named with file, line and flag, and passes by it', async ({ host, open, project, expect, task }) => {
    task.meta.persistence = {};
    await project.lay({
      'compose.yaml': `name: refused\nservices:\n  app:\n    ${BUILD}\n    cap_add: [SYS_PTRACE]\n    volumes: ['data:/data']\nvolumes: { data: {} }\n`,
    });
    const error = await (await open(host)).openHost().catch((thrown: unknown) => thrown);
    const key = 'services.app.cap_add';
    expect(error).toMatchObject({ code: 'KEY_REFUSED', detail: expect.stringContaining(`compose.yaml:5: ${key}`) });
    expect(error).toMatchObject({ detail: expect.stringContaining(`--allow ${key}`) });
    await (await open(host, { allow: [key] })).openHost();
  });

  test.for([
    ['include: ["https://127.0.0.1:1/a.git"]', {}],
    ['include: ["${REMOTE}"]', { '.env': 'REMOTE=oci://127.0.0.1:1/a:1\n' }],
  ] as const)('is %s, and nothing is fetched', async ([include, more], { host, open, project, expect, task }) => {
    task.meta.persistence = {};
    await project.lay({ 'compose.yaml': `${include}\nservices:\n  app: { image: a }\n`, ...more });
    await expect((await open(host)).openHost()).rejects.toMatchObject({ code: 'KEY_REFUSED' });
    // Allowed, it is tried: nobody listens there.
    await expect((await open(host, { allow: ['include'] })).openHost()).rejects.toMatchObject({
      code: 'COMPOSE_INVALID',
    });
  });
});
