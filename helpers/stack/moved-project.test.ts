import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dir } from 'tmp-promise';
import { describe, expect, test as base } from 'vitest';
import { outlastHome } from '../home.ts';
import { openComposeCli } from '../host/compose-cli.ts';
import { resolveMoved, type MovedProject } from './moved-project.ts';

const cli = openComposeCli(await outlastHome());

const COMPOSE = `
services:
  app:
    image: app
    build: .
    environment: { NAME: '\${COMPOSE_PROJECT_NAME}', LIST: './a:\${PWD}/b' }
    volumes: ['data:/data', 'fixed:/fixed', './own:/own', '../beside:/beside', '../../above:/above']
volumes:
  data:
  fixed: { name: shelf }
`;

const test = base.extend('moved', async ({}, { onCleanup }) => {
  const made = await dir({ prefix: 'outlast-move-', unsafeCleanup: true });
  onCleanup(async () => made.cleanup());
  const root = made.path;
  /** Resolves a project that lies in `srv/Shop`. */
  return async (files: Readonly<Record<string, string>>, named = ['compose.yaml']): Promise<Shown> => {
    const folder = join(root, 'srv/Shop');
    await mkdir(folder, { recursive: true });
    for (const [name, text] of Object.entries(files))
      await writeFile(join(folder, name), text.replaceAll('ROOT', root));
    const source = { files: named.map((name) => join(folder, name)), folder };
    const workFolder = join(root, 'work');
    await mkdir(workFolder, { recursive: true });
    const found = await resolveMoved(await cli, source, workFolder);
    const text = JSON.stringify({
      ...found,
      left: [...(await readdir(folder)), ...(await readdir(workFolder))],
    }).replaceAll(root, '');
    return JSON.parse(text) as Shown;
  };
});

/** Paths without the temporary folder. */
interface Shown extends MovedProject {
  /** What lies in the folder afterwards. */
  readonly left: readonly string[];
}

const sourcesOf = ({ model }: Shown): (string | undefined)[] =>
  (model.services['app']?.volumes ?? []).map(({ source }) => source);
const volumesOf = ({ model }: Shown): (string | undefined)[] =>
  Object.values(model.volumes ?? {}).map((volume) => volume?.name);

describe('a project whose folder gets another name', () => {
  test('is called after it, and so are its volumes', async ({ moved }) => {
    const found = await moved({ 'compose.yaml': COMPOSE });
    expect([found.folder, found.left]).toEqual(['/srv/Shop-moved', ['compose.yaml']]);
    expect(found.model.name).toBe('shop-moved');
    expect(volumesOf(found)).toEqual(['shop-moved_data', 'shelf']);
    expect(found.model.services['app']?.environment?.['NAME']).toBe('shop-moved');
  });

  test('takes along what is named from its folder, and nothing else', async ({ moved }) => {
    const found = await moved({
      'compose.yaml': COMPOSE.replace("'../../above", "'ROOT/srv/Shop/whole:/whole', '../../above"),
    });
    expect(sourcesOf(found)).toEqual([
      'data',
      'fixed',
      '/srv/Shop-moved/own',
      '/srv/beside',
      '/srv/Shop/whole',
      '/above',
    ]);
    expect(found.model.services['app']?.build?.context).toBe('/srv/Shop-moved');
  });

  test.for([
    ['by the file', { 'compose.yaml': `name: shelf\n${COMPOSE}` }],
    ['by the environment', { 'compose.yaml': COMPOSE, '.env': 'COMPOSE_PROJECT_NAME=shelf\n' }],
  ] as const)('that is named %s keeps its name', async ([, files], { moved }) => {
    const found = await moved(files);
    expect(found.model.name).toBe('shelf');
    expect(volumesOf(found)).toEqual(['shelf_data', 'shelf']);
  });

  test('finds what lies beside the folder and above it', async ({ moved }) => {
    const other = 'services: { app: { environment: { FROM: base } } }\n';
    const files = {
      'compose.yaml': COMPOSE,
      '../base.yaml': other,
      '../../top.yaml': other.replace('FROM: base', 'TOP: top'),
    };
    const { model } = await moved(files, ['compose.yaml', '../base.yaml', '../../top.yaml']);
    expect(model.services['app']?.environment).toMatchObject({ FROM: 'base', TOP: 'top' });
  });

  test('does not take a name that is taken', async ({ moved }) => {
    expect((await moved({ 'compose.yaml': COMPOSE, '../Shop-moved': '' })).folder).toBe('/srv/Shop-moved-moved');
  });
});
