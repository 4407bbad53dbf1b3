import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dir } from 'tmp-promise';
import { describe } from 'vitest';
import { outlast } from '../fixtures/cli.ts';
import { openDoor } from '../fixtures/door.ts';
import { test as base } from '../fixtures/outlast.ts';
import { ensureServerImage } from '../fixtures/servers/server-images.ts';
import type { Report } from '../reports/model.ts';

const STACK = fileURLToPath(new URL('../fixtures/sound/ten-services', import.meta.url));

/** In the shape of a real one: an account, a tunnel, a secret. */
const TOKEN = Buffer.from(
  JSON.stringify({
    a: '5ab4e9dfbd435d24068829fda0077963',
    t: '37f5bb1a-5e1c-4c02-9f2b-bb0e6a1d5e7c',
    s: 'Y2FuYXJ5LTllNmE0YzExLWRvLW5vdC10ZWxs',
  }),
).toString('base64');
const SECRETS = {
  TUNNEL_TOKEN: TOKEN,
  DB_PASSWORD: 'canary-db-4f81c2',
  SMTP_PASSWORD: 'canary-smtp-77ad90',
  SESSIONS_PASSWORD: 'canary-sessions-c0ffee',
};

const test = base
  .extend('door', async ({}, { onCleanup }) => {
    const door = await openDoor();
    onCleanup(async () => door[Symbol.asyncDispose]());
    return door;
  })
  .extend('company', async ({ door, host, signal }, { onCleanup }) => {
    const folder = await dir({ prefix: 'outlast-ten-', unsafeCleanup: true });
    onCleanup(async () => folder.cleanup());
    const project = join(folder.path, 'company');
    await cp(STACK, project, { recursive: true });
    const settings = { ...SECRETS, DOOR: door.address };
    await writeFile(
      join(project, '.env'),
      Object.entries(settings)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(''),
    );
    for (const image of ['postgres:17', 'redis:8'] as const) await ensureServerImage(host, image, signal);
    const out = join(folder.path, 'out');
    await mkdir(out);
    /** What the command line says, and all that it writes. The images of the servers come from the suites' own engine. */
    return async (...args: readonly string[]) => {
      const options = { cwd: project, env: { DOCKER_HOST: host.dockerHost }, signal };
      const { exitCode, stdout, stderr } = await outlast([...args, '--out', out], options);
      const entries = await readdir(out, { recursive: true, withFileTypes: true });
      const files = new Map(
        await Promise.all(
          entries
            .filter((entry) => entry.isFile())
            .map(async ({ parentPath, name }) => {
              const path = join(parentPath, name);
              return [path.slice(out.length + 1), await readFile(path, 'utf8')] as const;
            }),
        ),
      );
      return { exitCode, said: `${stdout}${stderr}`, files };
    };
  });

const SERVICES = ['cache', 'db', 'files', 'git', 'mailer', 'notes', 'sessions', 'tunnel', 'web', 'worker'];

describe('ten services, with nothing configured', () => {
  test('are all found and judged; nothing gets out, and no secret is told', async ({ company, door, expect, task }) => {
    task.meta.persistence = {};
    const { exitCode, said, files } = await company('run', '--only', 'restart');
    const report = JSON.parse(files.get('report.json') ?? said) as Report;

    // A service that wants to get out is healthy when it has tried.
    expect([...door.visitors]).toEqual([]);
    expect(door.knocks()).toBe(0);

    expect(report.stack?.services.toSorted()).toEqual(SERVICES);
    const judged = report.cells.map(({ store, outcome }) => `${store}: ${outcome}`);
    expect(judged.toSorted()).toEqual([
      'cache-data-redis: survived',
      'db-data-postgres: survived',
      'git-repos-git: survived',
      'git-repos: survived',
      'mailer-spool: survived',
      'notes-notes-db: survived',
      'notes-notes: survived',
      'sessions-data-redis: lost',
    ]);
    expect(files.get('report.html')).toContain('No mount, no store: tunnel, web, worker.');
    expect(exitCode).toBe(1);

    expect([...files.keys()]).toEqual(expect.arrayContaining(['report.json', 'report.md', 'report.html']));
    const all = [said, ...files.values()].join('\n');
    // It was there to be taken out.
    expect(all).toContain('sessions behind [redacted]');
    for (const [name, secret] of Object.entries(SECRETS)) {
      expect([name, all.includes(secret), all.includes(Buffer.from(secret).toString('base64'))]).toEqual([
        name,
        false,
        false,
      ]);
    }
  });

  test('control: those that are let out do get out', async ({ company, door, expect, task }) => {
    task.meta.persistence = {};
    const out = ['mailer', 'tunnel'].flatMap((service) => ['--allow-egress', service]);
    const { files } = await company('run', '--only', 'restart', ...out);
    expect([...door.visitors].toSorted()).toEqual(['mailer', 'tunnel-by-tcp', 'tunnel-by-udp']);
    const report = JSON.parse(files.get('report.json') ?? '') as Report;
    expect(report.stack?.changes).toEqual(
      expect.arrayContaining(['mailer', 'tunnel'].map((name) => expect.stringMatching(`^${name}: .* gets out`))),
    );
  });
});
