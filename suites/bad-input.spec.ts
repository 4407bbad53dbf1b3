import { cp, mkdir, readdir, truncate, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { dir } from 'tmp-promise';
import { describe, test as base } from 'vitest';
import { outlast } from '../fixtures/cli.ts';
import { OtherUser } from '../fixtures/other-user.ts';
import { STACKS } from '../fixtures/stacks.ts';
import { TheirEngine } from '../fixtures/their-engine.ts';
import { traces } from '../fixtures/traces.ts';
import { packagedProgram } from '../helpers/host/engine/packaged.ts';
import { outlastHome } from '../helpers/home.ts';

const BUILD = `
    build: { context: ., args: { BASE_IMAGE: '\${BASE_IMAGE:-node:24-bookworm-slim}' } }`;
const STORES = `stores:
  - { id: rows, kind: files, service: app, path: /data }
`;
const BACKUP = `backup:
  stores: [rows]
  restore: { run: app, command: [load] }
`;
const DOCKERFILE = `ARG BASE_IMAGE
FROM \${BASE_IMAGE}
`;
const SLEEPING = `${DOCKERFILE}CMD ["node", "-e", "setInterval(() => {}, 1000)"]
`;
const VOLUME = `
    volumes: ['data:/data']
volumes: { data: {} }
`;

const test = base
  .extend('folder', async ({}, { onCleanup }) => {
    const made = await dir({ prefix: 'outlast-bad-', unsafeCleanup: true });
    onCleanup(async () => made.cleanup());
    return made.path;
  })
  .extend('lay', ({ folder }) => async (files: Readonly<Record<string, string>>) => {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  });

interface Case {
  readonly what: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly exit: number;
  readonly code: string;
  /** What the message must tell besides the code. */
  readonly says: string;
}

const sound = {
  'compose.yaml': `name: bad\nservices:\n  app:${BUILD}${VOLUME}`,
  'outlast.yaml': STORES,
  Dockerfile: DOCKERFILE,
};

const CASES: readonly Case[] = [
  { what: 'no Compose file', exit: 2, code: 'NO_COMPOSE_FILE', says: 'compose.yaml' },
  {
    what: 'a Compose file that is not there',
    args: ['-f', 'nowhere.yaml'],
    exit: 2,
    code: 'NO_COMPOSE_FILE',
    says: 'nowhere.yaml',
  },
  {
    what: 'invalid YAML',
    files: { 'compose.yaml': 'services:\n  app: [\n' },
    exit: 2,
    code: 'COMPOSE_INVALID',
    says: 'compose.yaml:3',
  },
  {
    what: 'what Compose refuses',
    files: { 'compose.yaml': 'services:\n  app:\n    image: a\n    imge: b\n' },
    exit: 2,
    code: 'COMPOSE_INVALID',
    says: 'imge',
  },
  {
    what: 'a service with no image',
    files: { 'compose.yaml': 'name: bad\nservices:\n  app: {}\n' },
    exit: 2,
    code: 'SERVICE_WITHOUT_IMAGE',
    says: 'app',
  },
  {
    what: 'files that include each other',
    files: { 'compose.yaml': 'include: [a.yaml]\nservices: {}\n', 'a.yaml': 'include: [compose.yaml]\n' },
    exit: 2,
    code: 'COMPOSE_INVALID',
    says: 'compose.yaml: include cycle detected: ',
  },
  {
    what: 'a volume that Compose takes for a drive',
    files: { 'compose.yaml': "services:\n  app: { image: a, volumes: ['v:/v'] }\nvolumes: { v: {} }\n" },
    exit: 2,
    code: 'COMPOSE_INVALID',
    says: 'services.app.volumes: v:/v: Compose takes a name of one letter for the drive',
  },
  {
    what: 'hardware, the whole machine and a home',
    files: {
      'compose.yaml': `name: bad
services:
  app:
    image: a
    gpus: all
    devices: ['/dev/ttyUSB0:/dev/ttyUSB0']
    deploy: { resources: { reservations: { devices: [{ capabilities: [gpu] }] } } }
    volumes: ['/:/host:ro', '~:/me']
`,
    },
    exit: 2,
    code: 'KEY_REFUSED',
    says: `To let it through: --allow services.app.deploy.resources.reservations.devices --allow services.app.devices --allow services.app.gpus --allow services.app.volumes:/ --allow services.app.volumes:${homedir()}`,
  },
  {
    what: 'a key that nothing refuses',
    files: sound,
    args: ['--allow', 'services.app.privilged'],
    exit: 2,
    code: 'UNKNOWN_KEY',
    says: 'Nothing of this stack is refused.',
  },
  {
    what: 'a service left out that another cannot be without',
    files: {
      'compose.yaml': `name: bad\nservices:\n  app: { image: a, network_mode: 'service:vpn' }\n  vpn: { image: b }\n`,
      'outlast.yaml': 'leave_out:\n  - vpn\n',
    },
    exit: 2,
    code: 'CONFIG_INVALID',
    says: 'outlast.yaml:2: leave_out.0: app has a part of "vpn"',
  },
  {
    what: 'a later version of no service',
    files: { ...sound, 'outlast.yaml': `${STORES}rebuild:\n  web: { args: { RELEASE: 2 } }\n` },
    exit: 2,
    code: 'CONFIG_INVALID',
    says: 'outlast.yaml:4: rebuild.web: there is no service "web"; there are app',
  },
  {
    what: 'a key that could do harm',
    files: { ...sound, 'compose.yaml': `name: bad\nservices:\n  app:\n    privileged: true${BUILD}${VOLUME}` },
    exit: 2,
    code: 'KEY_REFUSED',
    says: 'services.app.privileged',
  },
  {
    what: 'an unknown key in outlast.yaml',
    files: { ...sound, 'outlast.yaml': `${STORES}\nstore: []\n` },
    exit: 2,
    code: 'CONFIG_INVALID',
    says: 'outlast.yaml:1',
  },
  {
    what: 'a store of a service that is not there',
    files: { ...sound, 'outlast.yaml': STORES.replace('app', 'web') },
    exit: 2,
    code: 'CONFIG_INVALID',
    says: 'outlast.yaml:2: stores.0.service: there is no service "web"; there are app',
  },
  {
    what: 'a restore of a stack that has no backup',
    files: sound,
    args: ['--only', 'restore'],
    exit: 2,
    code: 'NO_BACKUP',
    says: 'outlast.yaml',
  },
  {
    what: 'a backup that is not there',
    files: { ...sound, 'outlast.yaml': `${STORES}${BACKUP}  file: ./nowhere.dump\n` },
    args: ['--only', 'restore'],
    exit: 2,
    code: 'CONFIG_INVALID',
    says: 'outlast.yaml:6: backup.file: there is no file',
  },
  {
    what: 'an empty backup',
    files: { ...sound, 'outlast.yaml': `${STORES}${BACKUP}  file: ./empty.dump\n`, 'empty.dump': '' },
    args: ['--only', 'restore'],
    exit: 2,
    code: 'CONFIG_INVALID',
    says: 'empty.dump is empty',
  },
  {
    what: 'a backup by a service that is not there',
    files: { ...sound, 'outlast.yaml': `${STORES}${BACKUP}  take: { run: cron, command: [dump] }\n` },
    args: ['--only', 'restore'],
    exit: 2,
    code: 'CONFIG_INVALID',
    says: 'outlast.yaml:6: backup.take.run: there is no service "cron"',
  },
  {
    what: 'an unknown store',
    files: sound,
    args: ['--store', 'nothing'],
    exit: 2,
    code: 'UNKNOWN_STORE',
    says: 'rows',
  },
  {
    what: 'no store at all',
    files: {
      'compose.yaml': `name: bad\nservices:\n  app:${BUILD}\n`,
      Dockerfile: SLEEPING,
    },
    exit: 3,
    code: 'NO_STORES',
    says: 'outlast.yaml',
  },
  {
    what: 'a store that is not there',
    files: { ...sound, 'outlast.yaml': STORES.replace('/data', '/dta'), Dockerfile: SLEEPING },
    exit: 3,
    code: 'STORE_ABSENT',
    says: 'outlast.yaml:2: stores.0.path: the service "app" is up, and there is nothing at /dta',
  },
  {
    what: 'files in a single file',
    files: {
      ...sound,
      'compose.yaml': sound['compose.yaml'].replace('data:/data', './Dockerfile:/data'),
      Dockerfile: SLEEPING,
    },
    exit: 3,
    code: 'STORE_ABSENT',
    says: '/data is a file; `files` needs a folder',
  },
  {
    what: 'an unknown disruption',
    files: sound,
    args: ['--only', 'earthquake'],
    exit: 2,
    code: 'UNKNOWN_DISRUPTION',
    says: 'down-up',
  },
  {
    what: 'more rows than a store can be asked for',
    files: sound,
    args: ['--markers', '1000001'],
    exit: 2,
    code: 'USAGE',
    says: "option '--markers <count>' argument '1000001' is invalid. It must be a whole number from 1 to 1000000.",
  },
  {
    what: 'more patience than a timer has',
    files: sound,
    args: ['--timeout', '2147484'],
    exit: 2,
    code: 'USAGE',
    says: "argument '2147484' is invalid. It must be a whole number from 1 to 86400.",
  },
  {
    what: 'more patience than a timer has in outlast.yaml',
    files: { ...sound, 'outlast.yaml': `${STORES}limits: { timeout: 2147484 }\n` },
    exit: 2,
    code: 'CONFIG_INVALID',
    says: 'outlast.yaml:3: limits.timeout: ',
  },
  {
    what: 'an address of an engine that is none',
    files: sound,
    env: { DOCKER_HOST: 'tcp://user:hunter2@engine:port' },
    exit: 2,
    code: 'DOCKER_HOST_INVALID',
    says: 'unix:///var/run/docker.sock',
  },
  {
    what: 'an unknown flag',
    files: sound,
    args: ['--frobnicate'],
    exit: 2,
    code: 'USAGE',
    says: "unknown option '--frobnicate'",
  },
  {
    what: 'an output folder that cannot be written',
    files: sound,
    args: ['--out', 'compose.yaml'],
    exit: 2,
    code: 'OUTPUT_UNWRITABLE',
    says: 'compose.yaml',
  },
  {
    what: 'an output folder where none can be made',
    files: sound,
    args: ['--out', '/proc/nowhere'],
    exit: 2,
    code: 'OUTPUT_UNWRITABLE',
    says: '/proc/nowhere',
  },
  {
    what: 'a build that fails',
    files: { ...sound, Dockerfile: `${DOCKERFILE}RUN echo no luck; false\n` },
    exit: 3,
    code: 'BUILD_FAILED',
    says: 'no luck',
  },
  {
    what: 'an image that is nowhere',
    files: { ...sound, 'compose.yaml': `name: bad\nservices:\n  app:\n    image: nowhere.invalid/nothing:1${VOLUME}` },
    exit: 3,
    code: 'IMAGE_UNAVAILABLE',
    says: 'nowhere.invalid/nothing:1',
  },
  {
    what: 'a service that never becomes healthy',
    files: {
      ...sound,
      Dockerfile: `${DOCKERFILE}HEALTHCHECK CMD false\nCMD ["node", "-e", "console.log('here I am'); setInterval(() => {}, 1000)"]\n`,
    },
    args: ['--timeout', '2'],
    exit: 3,
    code: 'NEVER_READY',
    says: 'here I am',
  },
  {
    what: 'a service that crash-loops',
    files: {
      ...sound,
      'compose.yaml': sound['compose.yaml'].replace('app:', 'app:\n    restart: always'),
      Dockerfile: `${DOCKERFILE}HEALTHCHECK CMD false\nCMD ["node", "-e", "console.log('I give up'); process.exit(1)"]\n`,
    },
    args: ['--timeout', '3'],
    exit: 3,
    code: 'NEVER_READY',
    says: 'I give up',
  },
];

describe('bad input', () => {
  test.for(CASES)(
    '$what ends with $code',
    async ({ files = {}, args = [], env = {}, exit, code, says }, { folder, lay, expect, signal }) => {
      await lay(files);
      const before = await traces();
      const result = await outlast(['run', ...args], { cwd: folder, env, signal });
      expect(await traces()).toEqual(before);
      expect(await readdir(folder)).toEqual(Object.keys(files).toSorted());
      expect(result.stderr).toContain(code);
      expect(result.stderr).toContain(says);
      expect(result.stderr).not.toContain('hunter2');
      expect(result.exitCode).toBe(exit);
    },
  );

  test('an engine with Compose v1 alone ends with COMPOSE_V1', async ({ folder, lay, expect, signal }) => {
    await lay(sound);
    await using theirs = await TheirEngine.open(folder, { plugins: [] });
    const v1 = await packagedProgram(await outlastHome(), 'docker-compose', 'docker-compose', signal);
    const PATH = [v1?.program.replace(/\/[^/]*$/, ''), theirs.env.PATH].join(':');
    const result = await outlast(['run', '--host', 'ambient'], { cwd: folder, signal, env: { ...theirs.env, PATH } });
    expect(result.stderr).toContain('COMPOSE_V1');
    expect(result.stderr).toContain('--host private');
    expect(result.exitCode).toBe(3);
    expect(await theirs.holds()).toEqual([]);
  });

  test('no root and no engine end with NO_ENGINE', async ({ lay, expect, onTestFinished, signal }) => {
    await lay(sound);
    const made = await dir({ prefix: 'outlast-bad-', unsafeCleanup: true, mode: 0o755 });
    onTestFinished(async () => made.cleanup());
    const user = await OtherUser.in(made.path);
    await cp(STACKS['slow-init'], join(made.path, 'stack'), { recursive: true });
    const DOCKER_HOST = `unix://${made.path}/nobody.sock`;
    const options = { cwd: join(made.path, 'stack'), signal, env: { DOCKER_HOST } };
    const { exitCode, stderr } = await user.outlast(['run', '--out', join(user.home, 'out')], options);
    expect(stderr).toContain(`NO_ENGINE  No Docker Engine answers at ${DOCKER_HOST}.`);
    expect(stderr).toContain('run Outlast as root on Linux');
    expect(stderr).toContain('  | A private host needs Linux and root.');
    expect(exitCode).toBe(3);
    expect(await readdir(join(user.home, 'runs'))).toEqual(['.lock']);
    expect((await readdir(user.home)).toSorted()).toEqual(['runs', 'sweep.lock']);
  });

  test('100 GB to copy end with the size and the flag that allows it', async ({ folder, lay, expect, signal }) => {
    await lay({ ...sound, 'compose.yaml': sound['compose.yaml'].replace('data:/data', './large:/data') });
    await mkdir(join(folder, 'large'));
    await writeFile(join(folder, 'large/hole'), '');
    await truncate(join(folder, 'large/hole'), 100 * 1024 ** 3);
    const result = await outlast(['run', '--data', 'copy'], { cwd: folder, signal });
    expect(result.stderr).toContain('KEY_REFUSED');
    expect(result.stderr).toContain('compose.yaml:5: ');
    expect(result.stderr).toContain('100.0 GiB would be copied, more than 10.0 GiB');
    expect(result.stderr).toContain(`--allow services.app.volumes:${folder}/large`);
    expect(result.exitCode).toBe(2);
  });

  test('a full disk ends with DISK_FULL', async ({ folder, lay, expect, onTestFinished, signal }) => {
    await lay(sound);
    const { path: full, cleanup } = await dir({ prefix: 'outlast-full-' });
    await execa('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'tmpfs', full]);
    onTestFinished(async () => {
      await execa('umount', [full]);
      await cleanup();
    });
    const result = await outlast(['run', '--out', full], { cwd: folder, signal });
    expect(result.stderr).toContain(`DISK_FULL  ${full}: `);
    expect(result.exitCode).toBe(3);
  });
});
