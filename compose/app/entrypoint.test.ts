import { execFile } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Folders, temporaryFolders } from './test-app.ts';

const Line = z.looseObject({ level: z.string(), event: z.string(), message: z.string() });

const isRoot = process.getuid?.() === 0;
const entrypoint = join(import.meta.dirname, 'entrypoint.sh');
const seed = join(import.meta.dirname, 'config.default.json');

interface Run {
  code: number;
  stdout: string;
  lines: z.infer<typeof Line>[];
}

/** As root, the script runs as 1001: root may write everywhere. */
function enter(folders: Folders, environment: Record<string, string> = {}): Promise<Run> {
  const options = {
    ...(isRoot && { uid: 1001, gid: 1001 }),
    env: {
      PATH: process.env['PATH'],
      DATABASE_PATH: folders.database,
      WRITABLE_DIRS: `${folders.data} ${folders.repos}`,
      CONFIG_SEED: join(folders.root, 'seed.json'),
      ...environment,
    },
  };
  return new Promise((resolve) => {
    execFile(
      'sh',
      [join(folders.root, 'entrypoint.sh'), 'echo', 'served', 'two  words'],
      options,
      (error, stdout, stderr) =>
        resolve({
          code: Number(error?.code ?? 0),
          stdout,
          lines: stderr
            .split('\n')
            .filter((line) => line !== '')
            .map((line) => Line.parse(JSON.parse(line))),
        }),
    );
  });
}

/** First run: no configuration, no database; everything belongs to whoever runs the script. */
function fresh(): Folders {
  const folders = temporaryFolders();
  rmSync(join(folders.data, 'config.json'));
  writeFileSync(join(folders.root, 'entrypoint.sh'), readFileSync(entrypoint));
  writeFileSync(join(folders.root, 'seed.json'), readFileSync(seed));
  chmodSync(folders.root, 0o755);
  if (isRoot) for (const folder of [folders.data, folders.repos]) chownSync(folder, 1001, 1001);
  return folders;
}

describe('entrypoint', () => {
  test('first run: seeds the configuration and becomes the server, arguments intact', async () => {
    using folders = fresh();
    const run = await enter(folders);
    expect(run).toMatchObject({ code: 0, stdout: 'served two  words\n' });
    expect(run.lines.map(({ event }) => event)).toEqual(['first-run', 'config-seeded']);
    expect(readFileSync(join(folders.data, 'config.json'), 'utf8')).toBe(readFileSync(seed, 'utf8'));
    expect(statSync(join(folders.data, 'config.json')).mode & 0o777).toBe(0o644);
    expect(readdirSync(folders.data)).toEqual(['config.json']);
  });

  test('later runs: finds the database and leaves the configuration alone', async () => {
    using folders = fresh();
    await enter(folders);
    writeFileSync(join(folders.data, 'config.json'), '{"title":"mine"}');
    writeFileSync(folders.database, '');
    chmodSync(folders.database, 0o666);
    const run = await enter(folders);
    expect(run.lines.map(({ event }) => event)).toEqual(['database-found']);
    expect(readFileSync(join(folders.data, 'config.json'), 'utf8')).toBe('{"title":"mine"}');
  });

  test.runIf(isRoot)(
    'a folder of somebody else: says whose, whose it must be and the command, before all else',
    async () => {
      using folders = fresh();
      chownSync(folders.data, 4242, 4343);
      const run = await enter(folders);
      expect(run).toMatchObject({ code: 1, stdout: '', lines: [{ level: 'error', event: 'not-writable' }] });
      expect(run.lines[0]?.message).toContain('belongs to 4242:4343 and is not writable for 1001:1001');
      expect(run.lines[0]?.message).toContain('sudo chown -R 1001:1001 ./dev_assets');
      expect(readdirSync(folders.data)).toEqual([]);
    },
  );

  test.runIf(isRoot)(
    'a volume of somebody else: the command goes through Docker, for it has no path on the host',
    async () => {
      using folders = fresh();
      chownSync(folders.repos, 4242, 4343);
      const run = await enter(folders);
      expect(run.code).toBe(1);
      expect(run.lines[0]?.message).toContain(`--user 0:0 --entrypoint chown app -R 1001:1001 ${folders.repos}`);
    },
  );

  test.runIf(isRoot).for(['', '-wal', '-shm'])('db.sqlite%s of somebody else in a folder of ours', async (suffix) => {
    using folders = fresh();
    writeFileSync(folders.database + suffix, '');
    const run = await enter(folders);
    expect(run.code).toBe(1);
    expect(run.lines[0]?.message).toContain(`${folders.database}${suffix} belongs to 0:0`);
  });

  test('a folder that is missing, and one that is ours but read-only', async () => {
    using folders = fresh();
    const missing = await enter(folders, { WRITABLE_DIRS: join(folders.root, 'nothing') });
    expect(missing).toMatchObject({ code: 1, lines: [{ message: expect.stringContaining('is its mount missing?') }] });
    chmodSync(folders.data, 0o555);
    const readOnly = await enter(folders);
    expect(readOnly).toMatchObject({ code: 1, lines: [{ message: expect.stringContaining('mode 555') }] });
    chmodSync(folders.data, 0o755);
  });
});

describe.runIf(isRoot)('handover', () => {
  test('gives folders with nothing in them, and only those', async () => {
    using folders = temporaryFolders();
    const used = join(folders.root, 'used');
    mkdirSync(used);
    writeFileSync(join(used, 'data'), '');
    writeFileSync(join(folders.repos, '.gitkeep'), '');
    const script = join(import.meta.dirname, 'handover.sh');
    await new Promise<void>((done, failed) => {
      execFile('sh', [script, '1001', '1002', folders.repos, folders.backups, used], (error) =>
        error === null ? done() : failed(error),
      );
    });
    expect([folders.repos, folders.backups, used].map((folder) => statSync(folder).uid)).toEqual([1001, 1001, 0]);
    expect(statSync(folders.repos).gid).toBe(1002);
  });
});
