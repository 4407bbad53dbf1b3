import { createHash } from 'node:crypto';
import {
  chmod,
  lchown,
  lstat,
  lutimes,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { execa } from 'execa';
import { dir } from 'tmp-promise';
import { describe, test as base, vi } from 'vitest';
import { localFiles } from '../host/files/local-files.ts';
import { examineBinds, type BindOptions, type BindSource, type BindSources, type DataChoice } from './bind-sources.ts';
import { layBind } from './lay-bind.ts';

interface Mount {
  readonly source: string;
  readonly readOnly?: boolean;
}

const GIT = { path: 'git' };

async function examine(
  mounts: readonly Mount[],
  data: DataChoice = 'empty',
  more: Pick<BindOptions, 'allow' | 'limit'> = {},
): Promise<BindSources> {
  const volumes = mounts.map(({ source, readOnly }, index) => ({
    type: 'bind',
    source,
    target: `/mnt/${index}`,
    read_only: readOnly,
  }));
  const model = { name: 'stack', services: { app: { image: 'app', volumes } } };
  return examineBinds(model, { data, git: GIT, ...more });
}

const test = base
  .extend('folder', async ({}, { onCleanup }) => {
    const made = await dir({ prefix: 'outlast-binds-', unsafeCleanup: true });
    onCleanup(async () => made.cleanup());
    return made.path;
  })
  .extend('source', async ({ folder }) => {
    const source = join(folder, 'source');
    await mkdir(join(source, 'sub'), { recursive: true });
    return source;
  })
  .extend('lay', ({ folder }) => async (bind: BindSource | undefined, whole = false) => {
    if (!bind) throw new Error('There is no bind.');
    const source = join(folder, 'shadow/binds/1');
    await layBind(localFiles(dirname(source)), { ...bind, source }, whole);
    return source;
  });

/** Everything that can be told of a tree; of a copy, what a copy can keep: the times of folders to the millisecond. */
async function picture(folder: string, copy = false): Promise<Record<string, string>> {
  const names = ['.', ...(await readdir(folder, { recursive: true }))].toSorted();
  const entries = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      const found = await lstat(path, { bigint: true });
      const content = found.isFile()
        ? createHash('sha256')
            .update(await readFile(path))
            .digest('hex')
        : found.isSymbolicLink()
          ? await readlink(path)
          : '';
      const { uid, gid, mode, mtimeNs, ctimeNs, ino, nlink } = found;
      const modified = copy && found.isDirectory() ? mtimeNs / 1_000_000n : mtimeNs;
      return [name, [content, uid, gid, mode, modified, ...(copy ? [] : [ctimeNs, ino, nlink])].join(' ')] as const;
    }),
  );
  return Object.fromEntries(entries);
}

describe('a bind source', () => {
  test('of a machine, a home or a socket is refused', async ({ folder, expect }) => {
    const socket = join(folder, 'any');
    const server = createServer().listen(socket);
    await symlink(socket, join(folder, 'link'));
    const places = [
      '/',
      '/proc',
      '/sys/fs',
      '/run',
      '/dev/shm',
      '/var/lib/docker/volumes',
      homedir(),
      '/home',
      '/var/run/docker.sock',
    ];
    const sources = [...places, socket, join(folder, 'link')];
    const { refused } = await examine(sources.map((source) => ({ source })));
    server.close();
    expect(refused.map(({ key }) => key)).toEqual(sources.map((source) => `services.app.volumes:${source}`));
    expect(refused.at(-1)).toMatchObject({ path: ['services', 'app', 'volumes'], mention: '/mnt/10' });
  });

  test('that is a home is looked through once it is allowed, and not before', async ({ source, expect }) => {
    vi.stubEnv('HOME', source);
    await symlink('/etc/hostname', join(source, 'out'));
    const key = `services.app.volumes:${source}`;
    const found = async (allow: readonly string[]) => {
      const { refused, keys } = await examine([{ source, readOnly: true }], 'empty', { allow });
      return { why: refused.map(({ why }) => why), keys };
    };
    const before = await found([]);
    const after = await found([key]);
    vi.unstubAllEnvs();
    expect(before).toEqual({ why: ['a whole home folder'], keys: [key] });
    expect(after).toEqual({
      why: ['a whole home folder', 'a symlink leads out of it: out -> /etc/hostname'],
      keys: [key],
    });
  });

  test('of an ordinary stack is not', async ({ folder, source, expect }) => {
    const mounts = [{ source }, { source: join(folder, 'nowhere') }, { source: '/etc/hostname', readOnly: true }];
    const { refused, sources } = await examine(mounts);
    expect(refused).toEqual([]);
    expect(sources.map(({ kind, readOnly }) => [kind, readOnly])).toEqual([
      ['folder', false],
      ['absent', false],
      ['file', true],
    ]);
  });

  test('is read-only when nobody may write it', async ({ source, expect }) => {
    const { sources } = await examine([{ source, readOnly: true }, { source }]);
    expect(sources.map(({ readOnly }) => readOnly)).toEqual([false]);
  });

  test.for([
    ['../outside', true],
    ['/etc/passwd', true],
    ['sub/../../source-2/file', true],
    ['sub/../inside', false],
    ['nowhere', false],
  ] as const)('with a symlink to %s that is copied: refused: %s', async ([to, refused], { source, expect }) => {
    await symlink(to, join(source, 'link'));
    const { refused: found } = await examine([{ source, readOnly: true }]);
    expect(found.map(({ why }) => why)).toEqual(refused ? [`a symlink leads out of it: link -> ${to}`] : []);
    // Where nothing is copied there is no link either.
    expect((await examine([{ source }])).refused).toEqual([]);
  });

  test('is refused when it is too large, with its size', async ({ source, expect }) => {
    await writeFile(join(source, 'large'), '');
    await truncate(join(source, 'large'), 100 * 1024 ** 3);
    expect((await examine([{ source }])).refused).toEqual([]);
    const { refused } = await examine([{ source }], 'copy');
    expect(refused).toMatchObject([
      { key: `services.app.volumes:${source}`, why: '100.0 GiB would be copied, more than 10.0 GiB' },
    ]);
    expect((await examine([{ source }], 'copy', { limit: 101 * 1024 ** 3 })).refused).toEqual([]);
  });

  test('is refused when it is a single file that is too large', async ({ source, expect }) => {
    const file = join(source, 'large');
    await writeFile(file, '');
    await truncate(file, 100 * 1024 ** 3);
    expect((await examine([{ source: file }])).refused).toMatchObject([
      { key: `services.app.volumes:${file}`, why: '100.0 GiB would be copied, more than 10.0 GiB' },
    ]);
  });

  test('has a key by which it may be allowed, refused or not', async ({ source, expect }) => {
    const { keys, refused } = await examine([{ source }, { source: '/' }]);
    expect(keys).toEqual([`services.app.volumes:${source}`, 'services.app.volumes:/']);
    expect(refused.map(({ key }) => key)).toEqual(['services.app.volumes:/']);
  });
});

// Who writes what is seen by root alone.
describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)('data that is to be copied', () => {
  test('is refused while somebody writes, by whatever path', async ({ folder, source, expect }) => {
    const file = join(source, 'sub/db');
    await writeFile(file, 'rows');
    const reading = await open(file, 'r');
    expect((await examine([{ source }], 'copy')).refused).toEqual([]);
    await reading.close();

    // A process in a mount namespace of its own, as one in a container is.
    const elsewhere = join(folder, 'elsewhere');
    await mkdir(elsewhere);
    const script = 'mount --bind "$1" "$2" && exec 3>>"$2/sub/db" && echo open && read -r _';
    const writer = execa('unshare', ['--mount', 'sh', '-c', script, 'writer', source, elsewhere]);
    await once(writer.stdout, 'data');
    const error = await examine([{ source }], 'copy').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'DATA_IN_USE', detail: expect.stringContaining(`${file} by process`) });
    expect((await examine([{ source }])).refused).toEqual([]);
    writer.stdin.end('\n');
    await writer;
    expect((await examine([{ source }], 'copy')).refused).toEqual([]);
  });

  test('is the same in the shadow, and the original as it was, to the last bit', async ({ source, lay, expect }) => {
    await writeFile(join(source, 'sub/file'), 'content', { mode: 0o640 });
    await writeFile(join(source, "it's $(odd)\n.txt"), 'odd');
    await writeFile(join(source, 'sparse'), '');
    await truncate(join(source, 'sparse'), 50 * 1024 ** 2);
    await symlink('sub/file', join(source, 'link'));
    await lchown(join(source, 'sub/file'), 1234, 2345);
    await lchown(join(source, 'link'), 1234, 2345);
    await lchown(join(source, 'sub'), 1234, 0);
    await chmod(join(source, 'sub'), 0o2750);
    await lchown(source, 999, 999);
    for (const name of ['sub/file', 'link', 'sub', '.']) await lutimes(join(source, name), 1e9, 1e9 + 0.5);
    const before = await picture(source);

    const { sources } = await examine([{ source }], 'copy');
    const copy = await lay(sources[0], true);

    expect(await picture(copy, true)).toEqual(await picture(source, true));
    expect((await lstat(join(copy, 'sparse'))).blocks).toBeLessThan(100);
    await writeFile(join(copy, 'sub/file'), 'changed');
    await rm(join(copy, 'link'));
    expect(await picture(source)).toEqual(before);
  });
});

describe('by default', () => {
  test('a folder has what git tracks, as it stands, and the original stays as it was', async ({
    source,
    lay,
    expect,
  }) => {
    const git = async (...args: readonly string[]) => execa('git', ['-C', source, ...args]);
    await git('init', '-q');
    await mkdir(join(source, 'data/deep'), { recursive: true });
    for (const name of ['data/deep/tracked', 'data/untracked', 'data/gone', 'outside']) {
      await writeFile(join(source, name), 'committed');
    }
    await symlink('deep/tracked', join(source, 'data/link'));
    await git('add', 'data/deep', 'data/gone', 'data/link', 'outside');
    await writeFile(join(source, 'data/deep/tracked'), 'changed since');
    await rm(join(source, 'data/gone'));
    await chmod(join(source, 'data/deep'), 0o711);
    for (const name of ['data/deep', 'data']) await lutimes(join(source, name), 1e9, 1e9);
    // A repository's configuration may name programs; none is run.
    await git('config', 'core.fsmonitor', `touch ${join(source, 'was-run')}; false`);
    const before = await picture(source);

    const { sources } = await examine([{ source: join(source, 'data') }]);
    expect(sources[0]?.tracked.toSorted()).toEqual(['deep/tracked', 'gone', 'link']);
    const copy = await lay(sources[0]);

    const whole = await picture(join(source, 'data'), true);
    const { untracked: _, ...expected } = whole;
    expect(await picture(copy, true)).toEqual(expected);
    expect(await picture(source)).toEqual(before);
  });

  test('a folder without git is empty, with owner and mode', async ({ source, lay, expect }) => {
    await writeFile(join(source, 'file'), '');
    await chmod(source, 0o1770);
    const { sources } = await examine([{ source }]);
    const copy = await lay(sources[0]);
    expect(await readdir(copy)).toEqual([]);
    const [{ mode, uid }, original] = [await lstat(copy), await lstat(source)];
    expect([mode, uid]).toEqual([original.mode, original.uid]);
  });

  test('a read-only folder and a single file are copied, the file by whatever link', async ({
    folder,
    source,
    lay,
    expect,
  }) => {
    await writeFile(join(source, 'file'), 'content');
    const { sources } = await examine([{ source, readOnly: true }]);
    const copy = await lay(sources[0]);
    expect(relative(folder, copy)).toBe('shadow/binds/1');
    expect(await picture(copy, true)).toEqual(await picture(source, true));
    await rm(copy, { recursive: true });

    await symlink(join(source, 'file'), join(folder, 'link'));
    const file = await lay((await examine([{ source: join(folder, 'link') }])).sources[0]);
    expect((await lstat(file)).isFile()).toBe(true);
    expect(await readFile(file, 'utf8')).toBe('content');
  });
});
