import { cp, mkdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
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

  describe('is told without running a program of the repository', () => {
    /** One that passes on what it is given, and leaves a witness. */
    const spied = test
      .extend('ran', ({ folder }) => `${folder}.ran`)
      .extend('spy', async ({ folder, ran }, { onCleanup }) => {
        onCleanup(async () => rm(ran, { force: true }));
        const spy = join(folder, '.git/spy');
        await mkdir(join(folder, '.git'), { recursive: true });
        await writeFile(spy, `#!/bin/sh\necho "$0 $*" >> '${ran}'\nexec cat\n`, { mode: 0o755 });
        return spy;
      });

    spied('fsmonitor and hooks', async ({ folder, ran, spy, lay, git, commit, identify, expect }) => {
      await lay('app/compose.yaml', COMPOSE);
      await commit();
      await writeFile(spy, `#!/bin/sh\necho "$0" >> '${ran}'\n`);
      await git('config', 'core.fsmonitor', spy);
      await mkdir(join(folder, '.git/hooks'), { recursive: true });
      await cp(spy, join(folder, '.git/hooks/post-index-change'));
      // Same text, another time: the index is to be written again.
      await lay('app/compose.yaml', COMPOSE);
      await identify();
      await expect(readFile(ran, 'utf8')).rejects.toThrow('ENOENT');
      // They do run for whoever does not take care.
      await git('status');
      expect(await readFile(ran, 'utf8')).toMatch(/spy[^]*post-index-change/);
    });

    spied.for([
      ['clean', 'clean', 'lfs'],
      ['of a name with dots', 'clean', 'my.own'],
      ['process', 'process', 'lfs'],
    ] as const)('a filter: %s', async ([, program, name], { ran, spy, lay, git, commit, identify, expect }) => {
      await lay('app/compose.yaml', COMPOSE);
      await lay('.gitattributes', `*.bin filter=${name}`);
      await lay('a.bin', 'one');
      await commit();
      await git('config', `filter.${name}.${program}`, `'${spy}' %f`);
      await git('config', `filter.${name}.required`, 'true');
      await lay('a.bin', 'one');
      expect(await identify()).toMatchObject({ dirty: false });
      await lay('a.bin', 'two');
      // It may be what the filter makes of it.
      expect(await identify()).toMatchObject({ dirty: null });
      await lay('readme', '');
      expect(await identify()).toMatchObject({ dirty: true });
      await expect(readFile(ran, 'utf8')).rejects.toThrow('ENOENT');
      await git('status').catch(() => {});
      expect(await readFile(ran, 'utf8')).toContain('spy');
    });

    spied('a filter of a submodule', async ({ folder, ran, spy, lay, git, commit, identify, expect }) => {
      await lay('module/.gitattributes', '*.bin filter=lfs');
      await lay('module/a.bin', 'one');
      for (const args of [
        ['init', '-q'],
        ['add', '--all'],
        ['commit', '-qm', 'all'],
      ])
        await git('-C', join(folder, 'module'), ...args);
      await lay('app/compose.yaml', COMPOSE);
      await lay('.gitmodules', '[submodule "module"]\n\tpath = module\n\turl = ./module\n');
      await commit();
      await git('-C', join(folder, 'module'), 'config', 'filter.lfs.clean', spy);
      await lay('module/a.bin', 'one');
      expect(await identify()).toMatchObject({ dirty: false });
      await lay('module/a.bin', 'two');
      expect(await identify()).toMatchObject({ dirty: true });
      await expect(readFile(ran, 'utf8')).rejects.toThrow('ENOENT');
      await git('status');
      expect(await readFile(ran, 'utf8')).toContain('spy');
    });

    spied('a filter whose name cannot be said', async ({ ran, spy, lay, git, commit, identify, expect }) => {
      await lay('app/compose.yaml', COMPOSE);
      await lay('.gitattributes', '*.yaml filter=a=b');
      await commit();
      await git('config', 'filter.a=b.clean', spy);
      await lay('app/compose.yaml', COMPOSE);
      expect(await identify()).toMatchObject({ dirty: null });
      await expect(readFile(ran, 'utf8')).rejects.toThrow('ENOENT');
    });

    spied(
      'what fetches the missing parts of a partial clone',
      async ({ folder, ran, spy, lay, git, commit, expect }) => {
        await lay('app/compose.yaml', COMPOSE);
        await commit();
        await git('config', 'uploadpack.allowFilter', 'true');
        const part = join(folder, 'part');
        await git('clone', '-q', '--filter=blob:none', '--no-checkout', `file://${folder}`, part);
        await writeFile(spy, `#!/bin/sh\necho "$0" >> '${ran}'\nexec git-upload-pack "$@"\n`);
        await git('-C', part, 'config', 'remote.origin.uploadpack', spy);
        await git('-C', part, 'read-tree', 'HEAD');
        // How lines end in the index decides, and its text is not here.
        await git('-C', part, 'config', 'core.autocrlf', 'true');
        await lay('part/app/compose.yaml', COMPOSE.replaceAll('\n', '\r\n'));
        const lines = await SourceLines.read([join(part, 'app/compose.yaml')]);
        expect(await revisionOf(lines, join(part, 'app'))).toMatchObject({ dirty: null });
        await expect(readFile(ran, 'utf8')).rejects.toThrow('ENOENT');
        await git('-C', part, 'status');
        expect(await readFile(ran, 'utf8')).toContain('spy');
      },
    );

    spied('renames are not looked for there', async ({ folder, lay, git, commit, expect }) => {
      await lay('app/compose.yaml', COMPOSE);
      await commit();
      await git('config', 'uploadpack.allowFilter', 'true');
      const part = join(folder, 'part');
      await git('clone', '-q', '--filter=blob:none', '--no-checkout', `file://${folder}`, part);
      await lay('part/app/compose.yaml', `${COMPOSE}#`);
      await git('-C', part, 'read-tree', '--empty');
      await git('-C', part, 'add', '--all');
      await git('-C', part, 'mv', 'app/compose.yaml', 'app/other.yaml');
      const lines = await SourceLines.read([join(part, 'app/other.yaml')]);
      expect(await revisionOf(lines, join(part, 'app'))).toMatchObject({ dirty: true });
    });
  });

  test('a file that is stored otherwise than it lies there is clean as git has left it', async ({
    folder,
    lay,
    git,
    commit,
    identify,
    expect,
  }) => {
    await lay('app/compose.yaml', COMPOSE);
    await lay('.gitattributes', '*.bin filter=upper');
    await git('init', '-q');
    await git('config', 'filter.upper.clean', 'tr a-z A-Z');
    await git('config', 'filter.upper.smudge', 'tr A-Z a-z');
    await lay('a.bin', 'one');
    // Git looks twice at what was written in the second of its index.
    const bin = join(folder, 'a.bin');
    await utimes(bin, 1, 1);
    await commit();
    expect(await git('show', 'HEAD:a.bin')).toBe('ONE');
    expect(await identify()).toMatchObject({ dirty: false });
    // Nobody but the filter could tell that it is the same, until git is asked.
    await lay('a.bin', 'one');
    expect(await identify()).toMatchObject({ dirty: null });
    await utimes(bin, 2, 2);
    await git('status');
    expect(await identify()).toMatchObject({ dirty: false });
    await lay('app/compose.yaml', `${COMPOSE}#`);
    await lay('a.bin', 'one');
    expect(await identify()).toMatchObject({ dirty: true });
  });
});
