import { statSync, writeFileSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { dir } from 'tmp-promise';
import { expect, test } from 'vitest';
import { argvOf } from './health.ts';
import { actAs, parseStatus } from './identity.ts';
import { parseLdd } from './toolbox.ts';
import { isWritable } from './writable.ts';

test('the effective ids of a process are read, not the real ones', () => {
  const status = 'Name:\tapp\nUid:\t0\t1001\t0\t0\nGid:\t0\t1002\t0\t0\nGroups:\t5 7 \n';
  expect(parseStatus(status)).toEqual({ uid: 1001, gid: 1002, groups: [5, 7] });
  expect(() => parseStatus('')).toThrow('no ids');
});

test.runIf(process.getuid?.() === 0)('root is taken back, also after a throw', () => {
  const identity = { uid: 1001, gid: 1002, groups: [1003] };
  const seen = actAs(identity, () => [process.geteuid?.(), process.getegid?.(), process.getgroups?.()]);
  expect(seen).toEqual([1001, 1002, expect.arrayContaining([1003])]);
  expect(() =>
    actAs(identity, () => {
      throw new Error('no');
    }),
  ).toThrow('no');
  expect([process.geteuid?.(), process.getegid?.()]).toEqual([0, 0]);
});

test.runIf(process.getuid?.() === 0)('writable is what these ids and groups may write', async () => {
  const folder = await dir({ unsafeCleanup: true });
  await chmod(folder.path, 0o775);
  const stranger = { uid: 1001, gid: 1001, groups: [1001] };
  expect(isWritable(folder.path, stranger)).toBe(false);
  expect(isWritable(folder.path, { ...stranger, groups: [statSync(folder.path).gid] })).toBe(true);
  expect(isWritable(join(folder.path, 'not', 'yet'), stranger)).toBe(false);
  const file = join(folder.path, 'file');
  writeFileSync(file, 'kept');
  expect(isWritable(file, stranger)).toBe(false);
  await chmod(file, 0o666);
  expect(isWritable(file, stranger)).toBe(true);
  await folder.cleanup();
});

test.each([
  [['NONE'], null],
  [[], null],
  [
    ['CMD', 'curl', '-f', 'x'],
    ['curl', '-f', 'x'],
  ],
  [
    ['CMD-SHELL', 'a && b'],
    ['/bin/sh', '-c', 'a && b'],
  ],
])('the health check %j', (test_, argv) => {
  expect(argvOf(test_)).toEqual(argv);
});

test('ldd of glibc and of musl name their files', () => {
  const glibc = '\tlinux-vdso.so.1 (0x7)\n\tlibm.so.6 => /lib/x/libm.so.6 (0x7)\n\t/lib64/ld-linux-x86-64.so.2 (0x7)\n';
  expect(parseLdd(glibc)).toEqual(['/lib/x/libm.so.6', '/lib64/ld-linux-x86-64.so.2']);
  const musl = '\t/lib/ld-musl-x86_64.so.1 (0x7)\n\tlibc.musl-x86_64.so.1 => /lib/ld-musl-x86_64.so.1 (0x7)\n';
  expect(parseLdd(musl)).toEqual(['/lib/ld-musl-x86_64.so.1', '/lib/ld-musl-x86_64.so.1']);
  expect(parseLdd('\tstatically linked\n')).toEqual([]);
});
