import { createWriteStream } from 'node:fs';
import { chmod, link, lstat, lutimes, mkdir, readFile, readlink, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { execa } from 'execa';
import { pack, type Pack } from 'tar-stream';
import { dir } from 'tmp-promise';
import { describe, test as base } from 'vitest';
import { packFile, packTree } from './pack-tree.ts';

const test = base.extend('folder', async ({}, { onCleanup }) => {
  const made = await dir({ prefix: 'outlast-pack-', unsafeCleanup: true });
  onCleanup(async () => made.cleanup());
  const source = join(made.path, 'source');
  await mkdir(join(source, 'sub/deep'), { recursive: true });
  await writeFile(join(source, 'sub/deep/kept'), 'kept');
  await writeFile(join(source, 'sub/left out'), 'left out');
  await writeFile(join(source, 'empty'), '');
  await link(join(source, 'sub/deep/kept'), join(source, 'twin'));
  await symlink('sub/nowhere', join(source, 'link'));
  await execa('mkfifo', [join(source, 'fifo')]);
  await chmod(join(source, 'sub/deep/kept'), 0o4750);
  await chmod(join(source, 'sub'), 0o1711);
  await lutimes(join(source, 'link'), 1_000_000, 1_000_000);
  for (const name of ['sub/deep/kept', 'sub/deep', 'sub', '.']) await utimes(join(source, name), 2_000_000, 3_000_000);
  return made.path;
});

/** Unpacks what `fill` packs, as root would on the other side. */
async function unpacked(folder: string, fill: (packed: Pack) => Promise<void>): Promise<string> {
  const [archive, to] = [join(folder, 'archive.tar'), join(folder, 'to')];
  const packed = pack();
  const written = pipeline(Readable.from(packed as AsyncIterable<Uint8Array>), createWriteStream(archive));
  await fill(packed);
  packed.finalize();
  await written;
  await mkdir(to);
  await execa('tar', ['-xpf', archive, '-C', to, '--numeric-owner']);
  return to;
}

/** Everything that is to be the same on the other side. */
async function picture(folder: string): Promise<string[]> {
  const { stdout } = await execa('find', [folder, '-printf', '%P %y %m %U:%G %n %Ts %l\\n']);
  return stdout.split('\n').toSorted();
}

describe('a tree in an archive', () => {
  test('is the same on the other side', async ({ folder, expect }) => {
    const to = await unpacked(folder, async (packed) => packTree(packed, join(folder, 'source'), '.'));
    expect(await picture(to)).toEqual(await picture(join(folder, 'source')));
    expect(await readFile(join(to, 'twin'), 'utf8')).toBe('kept');
  });

  test('can be some of its files, with their folders as they are', async ({ folder, expect }) => {
    const only = ['sub/deep/kept', 'link', 'deleted', 'sub'];
    const to = await unpacked(folder, async (packed) => packTree(packed, join(folder, 'source'), 'name', only));
    const names = (await picture(to)).map((line) => line.split(' ')[0]);
    expect(names.filter(Boolean)).toEqual(['name', 'name/link', 'name/sub', 'name/sub/deep', 'name/sub/deep/kept']);
    expect(await readlink(join(to, 'name/link'))).toBe('sub/nowhere');
    expect((await lstat(join(to, 'name/sub'))).mode & 0o7777).toBe(0o1711);
    expect((await lstat(join(to, 'name/sub'))).mtimeMs).toBe(3_000_000_000);
  });

  test('can be one file, with another owner', async ({ folder, expect }) => {
    const original = join(folder, 'source/sub/deep/kept');
    const to = await unpacked(folder, async (packed) => packFile(packed, original, 'copy', { mode: 0o755 }));
    expect(await picture(to)).toEqual(expect.arrayContaining([expect.stringMatching(/^copy f 755 0:0 1 3000000 $/)]));
  });
});
