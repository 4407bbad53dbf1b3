import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { join, posix, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { execa } from 'execa';
import { dir } from 'tmp-promise';
import { describe, vi } from 'vitest';
import { ExampleProject } from '../fixtures/example-project.ts';
import { test as base } from '../fixtures/their-engine.ts';
import { traces } from '../fixtures/traces.ts';
import { ensureBaseImage } from '../helpers/host/base-image.ts';
import { importsOf, packageOf } from '../helpers/module-imports.ts';
import type { Report } from '../reports/model.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const VOLUME = "    volumes: ['notes:/data']\n";
const CANARY = 'canary-7d3f9a21b6';

const test = base
  .extend('example', { scope: 'file' }, async ({}, { onCleanup }) => {
    const parent = await dir({ prefix: 'outlast-package-', unsafeCleanup: true });
    onCleanup(async () => parent.cleanup());
    return ExampleProject.install(parent.path);
  })
  .extend('server', async ({ theirs }) => {
    // No registry has the image that the example is built from.
    const { ref } = await ensureBaseImage(theirs.host);
    await theirs.host.docker.getImage(ref).tag({ repo: 'node', tag: '24-bookworm-slim' });
    return theirs;
  });

interface Manifest {
  readonly bin: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

/** Programs of the package that are started by their files, not imported. */
const PROGRAMS = [
  'dist/helpers/cli/main.js',
  'dist/helpers/cleanup/reaper.js',
  'dist/helpers/probe/agent.js',
  'dist/helpers/host/nested/machine-agent.js',
];

/** All files that `entries` lead to, with the packages that each imports. */
async function reached(folder: string, entries: readonly string[]): Promise<Map<string, string[]>> {
  const files = new Map<string, string[]>();
  const waiting = [...entries];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (files.has(file)) continue;
    const imports = importsOf(file, await readFile(join(folder, file), 'utf8')).map(({ from }) => from);
    files.set(file, imports.filter((from) => !from.startsWith('.') && !isBuiltin(from)).map(packageOf));
    for (const from of imports.filter((each) => each.startsWith('.'))) {
      const path = posix.join(posix.dirname(file), from);
      // Declarations name each other as the sources do.
      waiting.push(file.endsWith('.d.ts') ? path.replace(/\.ts$/, '.d.ts') : path);
    }
  }
  return files;
}

async function reportIn({ folder }: ExampleProject): Promise<Report> {
  return JSON.parse(await readFile(join(folder, 'outlast-report/vitest/report.json'), 'utf8')) as Report;
}

/** The text of every file below a folder, by its path there. */
async function filesIn(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(
    await Promise.all(
      paths.map(async (path): Promise<[string, string]> => [relative(folder, path), await readFile(path, 'utf8')]),
    ),
  );
}

describe('the package', { timeout: 300_000 }, () => {
  test('is as publint and attw want it', async ({ example, expect }) => {
    for (const check of ['package:contents', 'package:types']) {
      const args = ['run', '--silent', check, '--', example.tarball];
      const { all, exitCode } = await execa('npm', args, { cwd: ROOT, reject: false, all: true });
      expect(exitCode, all).toBe(0);
    }
  });

  test('holds and pulls in nothing that it does not use', async ({ example, expect }) => {
    const manifest = JSON.parse(await readFile(join(example.installed, 'package.json'), 'utf8')) as Manifest;
    const exported = Object.values(manifest.exports)
      .filter((path) => path.endsWith('.js'))
      .map((path) => posix.normalize(path));
    const code = await reached(example.installed, [...PROGRAMS, ...exported]);
    const declared = await reached(
      example.installed,
      exported.map((path) => path.replace(/\.js$/, '.d.ts')),
    );
    const packed = await filesIn(join(example.installed, 'dist'));
    // A module of types alone leaves nothing behind but this.
    const inUse = [...packed].filter(([, text]) => text !== 'export {};\n').map(([name]) => `dist/${name}`);
    expect(inUse.toSorted()).toEqual([...code.keys(), ...declared.keys()].toSorted());
    const imported = new Set([...code.values(), ...declared.values()].flat());
    expect([...imported].toSorted()).toEqual([...Object.keys(manifest.dependencies), 'vitest'].toSorted());
    // Who has no vitest does without.
    const commandLine = await reached(example.installed, PROGRAMS);
    expect([...commandLine.values()].flat()).not.toContain('vitest');
  });

  test('brings the pages of its rules, to which findings lead', async ({ example, expect }) => {
    expect(await filesIn(join(example.installed, 'docs/rules'))).toEqual(await filesIn(join(ROOT, 'docs/rules')));
    const unmounted = await example.variant('unmounted', 'compose.yaml', (text) => text.replace(VOLUME, ''));
    const { stdout } = await unmounted.run('outlast', 'audit');
    const [page = ''] = /\S*\/container-layer-data\.md$/m.exec(stdout) ?? [];
    expect(await readFile(page, 'utf8')).toContain('# container-layer-data');
  });

  test.for(['nodenext', 'bundler'])(
    'has types that hold in strict mode, resolved as %s',
    async (resolution, { example, expect }) => {
      await writeFile(
        join(example.folder, 'wrong.ts'),
        `import { expect } from 'vitest';
import { persistenceTest, type CellRecord } from 'outlast/vitest';
import Reporter, { type ReporterOptions } from 'outlast/vitest-reporter';

const options: ReporterOptions = { out: 'out' };
export const reporter = new Reporter(options);
// @ts-expect-error: a folder is not all that can be said
persistenceTest('.');
const test = persistenceTest({ folder: '.', markers: 5 });
test('', async ({ disrupt }) => {
  const cells: CellRecord[] = await disrupt('kill');
  // @ts-expect-error: there is no such outcome
  expect(cells).toHaveOutcome('gone');
  // @ts-expect-error: a disruption has a name
  await disrupt(5);
});
`,
      );
      const module = resolution === 'bundler' ? 'esnext' : resolution;
      const { all, exitCode } = await example.run(
        'tsc',
        '--noEmit',
        '--module',
        module,
        '--moduleResolution',
        resolution,
      );
      expect(exitCode, all).toBe(0);
    },
  );
});

describe('the example, with the package from its tarball', { timeout: 300_000 }, () => {
  test('its own spec passes, and its report is one of the published shape', async ({ example, expect }) => {
    const { all, exitCode } = await example.run('npm', 'test');
    expect(exitCode, all).toBe(0);
    const report = await reportIn(example);
    const schema = JSON.parse(await readFile(join(example.installed, 'reports/report.schema.json'), 'utf8')) as object;
    const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(schema);
    expect(validate(report), JSON.stringify(validate.errors)).toBe(true);
    expect(report).toMatchObject({ verdict: 'outlasts', stack: { name: 'notebook', services: ['app'] } });
    expect(report.cells.map(({ disruption, store, outcome }) => `${disruption} ${store} ${outcome}`)).toEqual([
      'down-up database survived',
      'down-up notes survived',
      'reboot database survived',
      'reboot notes survived',
      'down-volumes database lost',
      'down-volumes notes lost',
    ]);
    expect(report.controls.map(({ id, caught }) => `${id} ${caught}`)).toEqual([
      'no volume/down-up/database true',
      'no volume/down-up/notes true',
    ]);
  });

  test('its spec fails without the volume, and tells no secret', async ({ example, expect }) => {
    const broken = await example.variant('spilling', 'compose.yaml', (text) =>
      text
        .replace(VOLUME, '')
        .replace('init: true', "command: [sh, -c, 'echo token: $$API_TOKEN; exec node server.js']"),
    );
    const { all, exitCode } = await broken.runWith({ API_TOKEN: CANARY }, 'npm', 'test');
    expect(exitCode).toBe(1);
    expect(all).toContain('Not survived:\ndown-up × database: lost');
    expect((await reportIn(broken)).verdict).toBe('loses');
    const written = await filesIn(join(broken.folder, 'outlast-report'));
    for (const output of [all, [...written.values()].join('\n')]) {
      expect(output).toContain('token: [redacted]');
      expect(output).not.toContain(CANARY);
    }
  });

  test(
    'is deployed by what a run has shown, and no more without the line of its volume',
    { timeout: 300_000 },
    async ({ example, server, expect }) => {
      /** In the project that has just been changed, or not. */
      const npm = async (project: ExampleProject, script: string) => {
        const { all, exitCode } = await project.runWith(server.env, 'npm', 'run', script);
        return { exitCode, all };
      };
      const said = (line: string) => expect.stringContaining(line) as string;
      expect(await npm(example, 'persistence')).toMatchObject({ exitCode: 0 });
      const broken = await example.variant('broken', 'compose.yaml', (text) => text.replace(VOLUME, ''));
      await cp(join(example.folder, 'outlast-report'), join(broken.folder, 'outlast-report'), { recursive: true });

      expect(await npm(broken, 'deploy')).toEqual({ exitCode: 2, all: said('REPORT_OTHER_STACK') });
      expect(await npm(broken, 'persistence')).toEqual({ exitCode: 1, all: said('The stack loses data') });
      expect(await npm(broken, 'deploy')).toEqual({ exitCode: 1, all: said('Refused: database after recreate: lost') });
      expect(await server.holds()).toEqual([]);

      expect(await npm(example, 'deploy')).toMatchObject({ exitCode: 0 });
      const running = await server.docker('ps', '--format', '{{.Names}} {{.Status}}');
      expect(running).toMatch(/^notebook-app-1 Up .*\(healthy\)$/);
    },
  );

  test('SIGINT to its spec leaves nothing', async ({ example, expect }) => {
    const before = await traces();
    const suites = example.run('vitest', 'run');
    // Nobody tells that a host boots.
    await vi.waitFor(
      async () => expect((await traces()).filter((line) => line.startsWith('dockerd '))).not.toEqual([]),
      { timeout: 60_000, interval: 100 },
    );
    suites.kill('SIGINT');
    await suites;
    await vi.waitFor(async () => expect(await traces()).toEqual(before), { timeout: 10_000, interval: 100 });
  });
});
