import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Folders, isRoot, temporaryFolders } from './test-app.ts';

const Line = z.looseObject({ level: z.string(), event: z.string(), message: z.string() });

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
    'a folder of somebody else: says first whose, whose it must be and the command, and starts all the same',
    async () => {
      using folders = fresh();
      chownSync(folders.data, 4242, 4343);
      const run = await enter(folders);
      expect(run).toMatchObject({ code: 0, stdout: 'served two  words\n' });
      expect(run.lines.map(({ event }) => event)).toEqual(['not-writable', 'first-run', 'config-not-seeded']);
      expect(run.lines[0]?.message).toContain('belongs to 4242:4343, this service runs as 1001:1001');
      expect(run.lines[0]?.message).toContain(`--user 0:0 --entrypoint chown app -R 1001:1001 ${folders.data}`);
      expect(readdirSync(folders.data)).toEqual([]);
    },
  );

  test.runIf(isRoot).for(['', '-wal', '-shm'])('db.sqlite%s of somebody else in a folder of ours', async (suffix) => {
    using folders = fresh();
    writeFileSync(folders.database + suffix, '');
    const run = await enter(folders);
    expect(run).toMatchObject({ code: 0, stdout: 'served two  words\n' });
    expect(run.lines[0]?.message).toContain(`${folders.database}${suffix} is not writable: it belongs to 0:0`);
  });

  test('a folder that is missing, and one that is ours but read-only', async () => {
    using folders = fresh();
    const missing = await enter(folders, { WRITABLE_DIRS: join(folders.root, 'nothing') });
    expect(missing).toMatchObject({ code: 0 });
    expect(missing.lines[0]?.message).toContain('is its mount missing?');
    chmodSync(folders.data, 0o555);
    const readOnly = await enter(folders);
    expect(readOnly.lines[0]?.message).toContain('mode 555');
    chmodSync(folders.data, 0o755);
  });
});

test('the server takes the place of the script: it gets the signals', async () => {
  using folders = fresh();
  const shell = spawn('sh', [join(folders.root, 'entrypoint.sh'), 'sh', '-c', 'echo $$; exec cat'], {
    env: { PATH: process.env['PATH'], DATABASE_PATH: folders.database, CONFIG_SEED: join(folders.root, 'seed.json') },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const [pid] = await once(shell.stdout, 'data');
  expect(Number(String(pid))).toBe(shell.pid);
  shell.kill('SIGTERM');
  expect(await once(shell, 'exit')).toEqual([null, 'SIGTERM']);
});

describe.runIf(isRoot)('handover', () => {
  test('gives folders with nothing in them, and only those', () => {
    using folders = temporaryFolders();
    const used = join(folders.root, 'used');
    mkdirSync(used);
    writeFileSync(join(used, 'data'), '');
    writeFileSync(join(folders.repos, '.gitkeep'), '');
    const script = join(import.meta.dirname, 'handover.sh');
    execFileSync('sh', [script, '1001', '1002', folders.repos, folders.backups, used]);
    expect([folders.repos, folders.backups, used].map((folder) => statSync(folder).uid)).toEqual([1001, 1001, 0]);
    expect(statSync(folders.repos).gid).toBe(1002);
  });

  test('HAND_OVER gives a folder with all that is in it, and follows no link out of it', () => {
    using folders = temporaryFolders();
    const outside = join(folders.root, 'outside');
    writeFileSync(outside, '');
    writeFileSync(folders.database, '');
    symlinkSync(outside, join(folders.data, 'link'));
    const script = join(import.meta.dirname, 'handover.sh');
    const env = { PATH: process.env['PATH'], HAND_OVER: folders.data };
    execFileSync('sh', [script, '1001', '1002', folders.data, folders.backups], { env });
    expect([folders.data, folders.database, outside].map((path) => statSync(path).uid)).toEqual([1001, 1001, 0]);
  });
});
