import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dir } from 'tmp-promise';
import { afterEach, describe, test as base, vi } from 'vitest';
import { SourceLines } from './source-lines.ts';
import { variablesOf } from './variables.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

type Asked = Parameters<typeof variablesOf>[2];

const test = base
  .extend('folder', async ({}, { onCleanup }) => {
    const made = await dir({ prefix: 'outlast-variables-', unsafeCleanup: true });
    onCleanup(async () => made.cleanup());
    return made.path;
  })
  .extend('lay', ({ folder }) => async (files: Readonly<Record<string, string>>) => {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(join(folder, name, '..'), { recursive: true });
      await writeFile(join(folder, name), text);
    }
  })
  .extend('identify', ({ folder }) => async (asked: Asked = {}) => {
    const lines = await SourceLines.read([join(folder, 'compose.yaml')]);
    const envFiles = asked.envFiles?.map((file) => join(folder, file)) ?? [];
    return variablesOf(lines, folder, { ...asked, envFiles });
  });

const COMPOSE = `include: [part/compose.yaml]
x-shared: &shared { image: 'app:\${TAG:-1}', environment: { LEVEL: '\${LEVEL}' } }
x-unused: \${UNUSED}
services:
  app:
    <<: *shared
    user: \${OWNER-1000}:\${OWNER-1000}
    ports: ['\${PORT:-80}:80']
    volumes: ['\${ROOT:?}/data:/data', '$HOME/x:/x', '$$NONE:/none']
    command: [serve, --password, '\${PASSWORD}', --dir, '\${A:-\${B}}']
    build: { context: ., args: { BASE: '\${BASE}' }, dockerfile: '\${FILE}' }
  labels: { image: 'l:\${OF_LABELS}' }
volumes:
  data: { name: '\${VOLUME}' }
`;
const PART = "services: { part: { image: 'part:${PART}' } }\n";
const ALL = ['A', 'B', 'FILE', 'OF_LABELS', 'OWNER', 'PART', 'ROOT', 'TAG', 'VOLUME'];

describe('which variables', () => {
  test('those that may decide about data, and are no secret', async ({ lay, identify, expect }) => {
    const names = [...ALL, 'LEVEL', 'PORT', 'PASSWORD', 'BASE', 'NONE', 'HOME', 'UNUSED', 'OTHER'];
    const env = names.map((name) => `${name}=value-of-it\n`).join('');
    await lay({ 'compose.yaml': COMPOSE, 'part/compose.yaml': PART, '.env': env });
    expect(Object.keys((await identify()).variables)).toEqual(ALL);
  });

  test('the name of the project, and what a value names', async ({ lay, identify, expect }) => {
    await lay({
      'compose.yaml': "services: { app: { image: '${IMAGE}' } }\n",
      '.env': 'COMPOSE_PROJECT_NAME=shop\nIMAGE=app:${TAG}\nTAG=1\n',
    });
    const { variables } = await identify();
    expect(Object.keys(variables)).toEqual(['COMPOSE_PROJECT_NAME', 'IMAGE', 'TAG']);
  });

  test('none where a file names itself', async ({ lay, identify, expect }) => {
    await lay({ 'compose.yaml': 'services: &a { app: { image: x, deploy: *a } }\n' });
    expect(await identify()).toEqual({ variables: {}, profiles: [] });
  });

  test('no value stands there as it is', async ({ lay, identify, expect }) => {
    await lay({ 'compose.yaml': "services: { app: { image: '${TAG}' } }\n", '.env': 'TAG=value-of-it\n' });
    expect(await identify()).toEqual({ variables: { TAG: expect.stringMatching(/^[0-9a-f]{16}$/) }, profiles: [] });
  });
});

test('as in Compose the process counts most, then the last file that was named, then .env', async ({
  folder,
  lay,
  identify,
  expect,
}) => {
  await lay({
    'compose.yaml': "include: [part/compose.yaml]\nservices: { app: { image: '${TAG}' } }\n",
    'part/compose.yaml': PART,
  });
  const told = new Set<string | undefined>();
  const expectNew = async (asked?: Asked) => {
    const { TAG } = (await identify(asked)).variables;
    expect([...told]).not.toContain(TAG);
    told.add(TAG);
    return TAG;
  };
  await lay({ 'part/.env': 'TAG=1\n' });
  await expectNew();
  await lay({ '.env': 'TAG=2\n' });
  await expectNew();
  await lay({ 'a.env': 'TAG=3\n', 'b.env': 'TAG=4\n' });
  const b = await expectNew({ envFiles: ['a.env', 'b.env'] });
  expect((await identify({ envFiles: ['b.env'] })).variables['TAG']).toBe(b);
  vi.stubEnv('COMPOSE_ENV_FILES', `a.env,${join(folder, 'b.env')}`);
  expect((await identify()).variables['TAG']).toBe(b);
  await expectNew({ envFiles: ['a.env'] });
  vi.stubEnv('TAG', '5');
  await expectNew({ envFiles: ['a.env'] });
});

test('profiles are those asked for, else those of COMPOSE_PROFILES', async ({ lay, identify, expect }) => {
  await lay({ 'compose.yaml': 'services: {}\n', '.env': 'COMPOSE_PROFILES=b, a\n' });
  expect((await identify()).profiles).toEqual(['a', 'b']);
  expect((await identify({ profiles: ['d', 'c', 'd'] })).profiles).toEqual(['c', 'd']);
});
