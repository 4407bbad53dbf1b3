import { randomBytes } from 'node:crypto';
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dir } from 'tmp-promise';
import { describe } from 'vitest';
import { test as base } from '../fixtures/outlast.ts';
import { carryIn, carryOut, digestOf, listFolder, packFile } from '../helpers/stack/carry.ts';

const test = base
  .extend('folder', async ({}, { onCleanup }) => {
    const made = await dir({ prefix: 'outlast-carry-', unsafeCleanup: true });
    onCleanup(async () => made.cleanup());
    return made.path;
  })
  .extend('container', async ({ bringUp, host, task }) => {
    await bringUp('no-restart-policy');
    task.meta.persistence = {};
    const [found] = await host.docker.listContainers();
    if (!found) throw new Error('Nothing runs.');
    return host.docker.getContainer(found.Id);
  })
  .extend('sh', ({ container, host }) => async (script: string) => {
    const { exitCode, stdout, stderr } = await host.cli(['exec', container.id, 'sh', '-c', script]);
    if (exitCode !== 0) throw new Error(stderr);
    return stdout;
  });

const LIST = 'ls -lnR --full-time 2>/dev/null || ls -lnR';

describe('what is carried', () => {
  test('are the files named, with owners, modes and bytes; the archive is for its owner alone', async ({
    container,
    folder,
    sh,
    expect,
  }) => {
    await sh(`mkdir -p /data/from/sub /data/to && cd /data/from && head -c 300000 /dev/urandom > big &&
      echo small > sub/small && : > empty && ln -s big link &&
      chown 12:34 big sub && chmod 640 big && chmod 2750 sub`);
    const before = await sh(`cd /data/from && ${LIST}`);
    const named = await listFolder(container, '/data/from');
    expect(named.map(({ name, bytes }) => ({ name, bytes })).toSorted((a, b) => a.bytes - b.bytes)).toEqual([
      { name: 'empty', bytes: 0 },
      { name: 'sub/small', bytes: 6 },
      { name: 'big', bytes: 300_000 },
    ]);

    await sh('echo later > /data/from/later');
    const archive = join(folder, 'archive');
    const carried = await carryOut(container, '/data/from', archive, new Set(named.map(({ name }) => name)));
    expect(carried).toEqual(named);
    expect((await stat(archive)).mode & 0o777).toBe(0o600);

    await carryIn(container, '/data/to', archive);
    expect(await listFolder(container, '/data/to')).toEqual(named);
    // The folder's own line tells of the time at which it was made.
    expect(await sh(`cd /data/to && ${LIST}`)).toBe(before);
  });

  test('is a single file of this machine', async ({ container, folder, expect }) => {
    const file = join(folder, 'one.dump');
    await writeFile(file, randomBytes(200_000), { mode: 0o600 });
    await packFile(file, join(folder, 'archive'));
    await carryIn(container, '/data', join(folder, 'archive'));
    expect(await listFolder(container, '/data')).toEqual([{ name: 'one.dump', ...(await digestOf(file)) }]);
  });

  test('is nothing where there is no folder', async ({ container, expect }) => {
    expect(await listFolder(container, '/nowhere')).toEqual([]);
  });

  test('is told when the engine is gone', async ({ container, expect }) => {
    await container.remove({ force: true });
    await expect(carryIn(container, '/data', '/dev/null')).rejects.toThrow('no such container');
  });
});
