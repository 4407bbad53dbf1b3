import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dir } from 'tmp-promise';
import { parse, stringify } from 'yaml';
import { describe, test as base } from 'vitest';
import { outlast } from '../fixtures/cli.ts';
import type { CellRecord, StoreRecord } from '../helpers/scenario/record.ts';

/** What a shell would run, and leave a trace of. */
const TRAP = `it's "$(touch pwned)" \`touch pwned\`; touch pwned & \\ #\n- x: *y`;
/** The engine itself mounts nothing where a colon or a new line is in the way. */
const TARGET = `/data/${TRAP.replaceAll(/[:\n]/g, '')}`;
const DATABASE = `${TARGET}/${TRAP}.db`;

/** Writes a database and a file at its start. It is not healthy once something of a name was run beside it. */
const APP = `
const { DatabaseSync } = require('node:sqlite');
const database = new DatabaseSync(${JSON.stringify(DATABASE)});
database.exec('CREATE TABLE IF NOT EXISTS own (id)');
require('node:fs').writeFileSync(${JSON.stringify(`/bind/${TRAP}`)}, 'mine');
process.on('SIGTERM', () => process.exit(0));
setInterval(() => {}, 60_000);
`;
const HEALTH = "process.exit(require('node:fs').existsSync('/pwned') ? 1 : 0)";

const COMPOSE = {
  services: {
    'we.b_1-x': {
      build: { context: '.', args: { BASE_IMAGE: '${BASE_IMAGE:-node:24-bookworm-slim}' } },
      restart: 'unless-stopped',
      healthcheck: { test: ['CMD', 'node', '-e', HEALTH], interval: '2s' },
      tmpfs: ['/scratch'],
      volumes: [
        { type: 'volume', source: 'rows', target: TARGET.replaceAll('$', () => '$$') },
        { type: 'bind', source: `./${TRAP}`.replaceAll('$', () => '$$'), target: '/bind' },
        './single.conf:/single.conf',
      ],
    },
    mailer: { image: 'nowhere.invalid/mailer:1', depends_on: ['we.b_1-x'] },
  },
  volumes: { rows: {} },
};

interface Report {
  readonly stack: { readonly services: readonly string[]; readonly changes: readonly string[] };
  readonly stores: readonly StoreRecord[];
  readonly cells: readonly CellRecord[];
}

const test = base.extend('project', async ({}, { onCleanup }) => {
  const made = await dir({ prefix: 'outlast-init-', unsafeCleanup: true });
  onCleanup(async () => made.cleanup());
  const project = join(made.path, TRAP);
  await mkdir(join(project, TRAP), { recursive: true });
  const files = {
    'compose.yaml': stringify(COMPOSE),
    Dockerfile: 'ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nCOPY app.cjs /app.cjs\nCMD ["node", "/app.cjs"]\n',
    'app.cjs': APP,
    'single.conf': 'a=b\n',
    'without-mailer.yaml': stringify({ services: { mailer: { profiles: ['mail'] } } }),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(project, name), text);
  return project;
});

describe('outlast init', () => {
  test('writes what it found, by hostile names too, and a run finds the same', async ({ project, expect, signal }) => {
    const files = ['-f', 'compose.yaml', '-f', 'without-mailer.yaml'];
    const file = join(project, 'outlast.yaml');
    const first = await outlast(['init', ...files], { cwd: project, signal });
    expect(first.stderr).toBe('');
    expect(first.exitCode).toBe(0);
    const written = await readFile(file, 'utf8');
    const { stores } = parse(written) as { stores: StoreRecord[] };
    expect(stores.map(({ kind, path }) => `${kind} ${path}`).toSorted()).toEqual([
      'files /bind',
      `files ${TARGET}`,
      'files /scratch',
      `sqlite ${DATABASE}`,
    ]);

    const second = await outlast(['init', ...files], { cwd: project, signal });
    expect(second.stderr).toContain('CONFIG_EXISTS');
    expect(second.exitCode).toBe(2);
    expect(await readFile(file, 'utf8')).toBe(written);

    // In place of the other file, and of asking for what memory cannot give.
    const scratch = stores.find(({ path }) => path === '/scratch')?.id;
    const more = { leave_out: ['mailer'], expect: [{ store: scratch, outcomes: ['lost'], reason: 'made anew' }] };
    await writeFile(file, written + stringify(more));
    const run = await outlast(['run', '--only', 'restart,down-up'], { cwd: project, signal });
    const json = await readFile(join(project, 'outlast-report/report.json'), 'utf8').catch(() => run.stderr);
    const { stack, ...report }: Report = JSON.parse(json);
    expect(report.stores.map(({ id, kind, service, path }) => ({ id, kind, service, path }))).toEqual(stores);
    expect(report.cells.map(({ store, outcome, acceptedBy }) => ({ store, outcome, acceptedBy }))).toEqual(
      ['restart', 'down-up'].flatMap(() =>
        stores.map(({ id: store }) =>
          store === scratch
            ? { store, outcome: 'lost', acceptedBy: 'made anew' }
            : { store, outcome: 'survived', acceptedBy: null },
        ),
      ),
    );
    expect(stack.services).toEqual(['we.b_1-x']);
    expect(stack.changes).toContain('mailer: left out, as the configuration says');
    expect(run.exitCode).toBe(0);

    expect((await readdir(project)).toSorted()).toEqual(
      [
        'Dockerfile',
        'app.cjs',
        'compose.yaml',
        'single.conf',
        'without-mailer.yaml',
        TRAP,
        'outlast.yaml',
        'outlast-report',
      ].toSorted(),
    );
    expect(await readdir(join(project, TRAP))).toEqual([]);
    expect(existsSync('/pwned')).toBe(false);
  });
});
