import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { dir } from 'tmp-promise';
import { describe, test as base } from 'vitest';
import { revisionOf } from './revision.ts';
import { SourceLines } from './source-lines.ts';

const test = base
  .extend('folder', async ({}, { onCleanup }) => {
    const made = await dir({ prefix: 'outlast-revision-', unsafeCleanup: true });
    onCleanup(async () => made.cleanup());
    return made.path;
  })
  .extend('lay', ({ folder }) => async (name: string, text: string) => {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), text);
  })
  .extend('git', ({ folder }) => async (...args: string[]) => {
    const me = ['-c', 'user.name=me', '-c', 'user.email=me@example.org'];
    return (await execa('git', [...me, ...args], { cwd: folder })).stdout;
  })
  .extend('commit', ({ git }) => async () => {
    await git('init', '-q');
    await git('add', '--all');
    await git('commit', '-qm', 'all');
    return git('rev-parse', 'HEAD');
  })
  .extend('identify', ({ folder }) => async (apart?: string) => {
    const lines = await SourceLines.read([join(folder, 'app/compose.yaml')]);
    return revisionOf(lines, join(folder, 'app'), { apart: apart === undefined ? undefined : join(folder, apart) });
  });

const COMPOSE = 'include: [other.yaml]\nservices:\n  app: { extends: { file: base.yaml, service: app } }\n';

describe('the digest', () => {
  test.for(['app/compose.yaml', 'app/other.yaml', 'app/base.yaml'])(
    'is another when %s has changed',
    async (changed, { lay, identify, expect }) => {
      await lay('app/compose.yaml', COMPOSE);
      await lay('app/other.yaml', 'services: {}\n');
      await lay('app/base.yaml', 'services: { app: { image: a } }\n');
      const { digest } = await identify();
      expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
      expect((await identify()).digest).toBe(digest);
      await lay(changed, '# changed\n');
      expect((await identify()).digest).not.toBe(digest);
    },
  );

  test('knows where a file ends', async ({ folder, lay, expect }) => {
    const digestOf = async (first: string, second: string) => {
      await lay('a.yaml', first);
      await lay('b.yaml', second);
      const lines = await SourceLines.read([join(folder, 'a.yaml'), join(folder, 'b.yaml')]);
      return (await revisionOf(lines, folder)).digest;
    };
    expect(await digestOf('a: 1\n', 'b: 2\n')).not.toBe(await digestOf('a: 1\nb: 2\n', ''));
  });
});

describe('the state of the repository', () => {
  test('without one there is none', async ({ lay, identify, expect }) => {
    await lay('app/compose.yaml', COMPOSE);
    expect(await identify()).toMatchObject({ commit: null, dirty: null });
  });

  test('is its commit, and clean', async ({ lay, commit, identify, expect }) => {
    await lay('app/compose.yaml', COMPOSE);
    const head = await commit();
    expect(await identify()).toMatchObject({ commit: head, dirty: false });
    expect(await identify('app')).toMatchObject({ commit: head, dirty: false });
  });

  test.for([
    ['a change', 'app/compose.yaml', true],
    ['a change beside the folder', 'readme', true],
    ['a file that is new', 'app/new', true],
    ['a file that is ignored', 'app/ignored', false],
    ['a report', 'app/o*/report.json', false],
    ['what is called like a report', 'app/other/report.json', true],
  ] as const)('%s', async ([, name, dirty], { lay, commit, identify, expect }) => {
    await lay('app/compose.yaml', COMPOSE);
    await lay('readme', '');
    await lay('.gitignore', 'ignored');
    await commit();
    await lay(name, 'changed');
    expect(await identify('app/o*')).toMatchObject({ dirty });
  });

  test('a file that is new, whatever git is set to show', async ({ folder, lay, commit, identify, expect }) => {
    await lay('app/compose.yaml', COMPOSE);
    await commit();
    await execa('git', ['config', 'status.showUntrackedFiles', 'no'], { cwd: folder });
    await lay('app/new', '');
    expect(await identify('app/o*')).toMatchObject({ dirty: true });
  });

  test('a report that lies outside of the repository hides nothing', async ({ lay, commit, identify, expect }) => {
    await lay('app/compose.yaml', COMPOSE);
    await commit();
    await lay('new', '');
    expect(await identify('../reports')).toMatchObject({ dirty: true });
    expect(await identify('..')).toMatchObject({ dirty: true });
    expect(await identify('.')).toMatchObject({ dirty: true });
  });

  test('is unknown where git does not tell', async ({ folder, lay, commit, identify, expect }) => {
    await lay('app/compose.yaml', COMPOSE);
    const head = await commit();
    await rm(join(folder, '.git/index'));
    await mkdir(join(folder, '.git/index'));
    expect(await identify()).toMatchObject({ commit: head, dirty: null });
  });

  test('is told without running a program of the repository', async ({
    folder,
    lay,
    git,
    commit,
    identify,
    expect,
  }) => {
    await lay('app/compose.yaml', COMPOSE);
    await commit();
    const ran = join(folder, '.git/ran');
    await lay('spy', `#!/bin/sh\necho "$0" >> '${ran}'\n`);
    await execa('chmod', ['+x', join(folder, 'spy')]);
    await git('config', 'core.fsmonitor', join(folder, 'spy'));
    await mkdir(join(folder, '.git/hooks'), { recursive: true });
    await cp(join(folder, 'spy'), join(folder, '.git/hooks/post-index-change'));
    // Same text, another time: the index is to be written again.
    await lay('app/compose.yaml', COMPOSE);
    await identify();
    await expect(readFile(ran, 'utf8')).rejects.toThrow('ENOENT');
    // They do run for whoever does not take care.
    await git('status');
    expect(await readFile(ran, 'utf8')).toMatch(/spy[^]*post-index-change/);
  });
});
