import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dir } from 'tmp-promise';
import { describe } from 'vitest';
import { outlast } from '../fixtures/cli.ts';
import { openDoor } from '../fixtures/door.ts';
import { test as base } from '../fixtures/outlast.ts';
import { ensureServerImage } from '../fixtures/servers/server-images.ts';
import { outlastHome } from '../helpers/home.ts';
import type { AUDIT_FORMATS } from '../reports/audit.ts';
import type { Format } from '../reports/formats.ts';
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

/** What the command line can print: none may be missing here. */
const PRINTED = {
  report: {
    html: true,
    json: true,
    junit: true,
    markdown: true,
    badge: true,
    sarif: true,
    terminal: true,
  } satisfies Record<Format, true>,
  audit: { terminal: true, json: true, sarif: true } satisfies Record<(typeof AUDIT_FORMATS)[number], true>,
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
    // The images of the servers come from the suites' own engine.
    const options = { cwd: project, env: { DOCKER_HOST: host.dockerHost }, signal };
    return {
      /** What the command line says of the company. */
      ask: async (...args: readonly string[]) => outlast(args, options),
      /** … and all that a run leaves behind. */
      run: async (...args: readonly string[]) => {
        const { exitCode, stdout, stderr } = await outlast(['run', ...args, '--out', out], options);
        return { exitCode, said: `${stdout}${stderr}`, out, files: await filesIn(out) };
      },
    };
  });

/** Every file of a folder with its text, by its path in there. */
async function filesIn(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  // Others work there at the same time.
  const texts = await Promise.all(files.map(async (file) => readFile(file, 'utf8').catch(() => '')));
  return new Map(files.map((file, index) => [relative(folder, file), texts[index] ?? '']));
}

/** What stays in the home after a run, but for engines, images and downloads: logs of hosts, and journals of runs that failed. */
async function keptAtHome(): Promise<string[]> {
  const home = await outlastHome();
  const slots = await readdir(join(home, 'slots'));
  const logs = slots.map(async (slot) => readFile(join(home, 'slots', slot, 'engine.log'), 'utf8').catch(() => ''));
  return [...(await Promise.all(logs)), ...(await filesIn(join(home, 'runs'))).values()];
}

/** The secrets that are told in one of these texts, as they are or in base64. */
function toldIn(texts: Iterable<string>): string[] {
  const all = [...texts];
  const told = (secret: string): boolean => all.some((text) => text.includes(secret));
  return Object.entries(SECRETS).flatMap(([name, secret]) =>
    told(secret) || told(Buffer.from(secret).toString('base64')) ? [name] : [],
  );
}

const SERVICES = ['cache', 'db', 'files', 'git', 'mailer', 'notes', 'sessions', 'tunnel', 'web', 'worker'];

// The images of its database servers may have to be made first.
describe('ten services, with nothing configured', { timeout: 300_000 }, () => {
  test('are all found and judged; nothing gets out, and no secret is told', async ({ company, door, expect, task }) => {
    task.meta.persistence = {};
    const { exitCode, said, out, files } = await company.run('--only', 'restart', '--verbose');
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

    const kinds = ['report.json', 'report.md', 'report.html', 'history/', 'evidence/restart/sessions-data-redis/'];
    for (const kind of kinds) expect([...files.keys()].join('\n')).toContain(kind);
    // It was there to be taken out.
    expect([said, ...files.values()].join('\n')).toContain('sessions behind [redacted]');
    expect(toldIn([said])).toEqual([]);
    for (const [name, text] of files) expect([name, toldIn([text])]).toEqual([name, []]);
    const kept = await keptAtHome();
    expect(kept.some((text) => text.includes('level='))).toBe(true);
    expect(toldIn(kept)).toEqual([]);

    const views = [
      ...Object.keys(PRINTED.report).map((format) => ['report', out, '--format', format]),
      ...Object.keys(PRINTED.audit).map((format) => ['audit', '--format', format]),
    ];
    for (const view of views) {
      const { stdout, stderr } = await company.ask(...view);
      expect([view, stdout.length > 0, toldIn([stdout, stderr])]).toEqual([view, true, []]);
    }
  });

  test('control: those that are let out do get out', async ({ company, door, expect, task }) => {
    task.meta.persistence = {};
    const out = ['mailer', 'tunnel'].flatMap((service) => ['--allow-egress', service]);
    const { files } = await company.run('--only', 'restart', ...out);
    expect([...door.visitors].toSorted()).toEqual(['mailer', 'tunnel-by-tcp', 'tunnel-by-udp']);
    const report = JSON.parse(files.get('report.json') ?? '') as Report;
    expect(report.stack?.changes).toEqual(
      expect.arrayContaining(['mailer', 'tunnel'].map((name) => expect.stringMatching(`^${name}: .* gets out`))),
    );
  });
});
