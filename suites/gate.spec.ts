import { cp, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { dir } from 'tmp-promise';
import { describe, test as base } from 'vitest';
import { actionSteps, gitlabScript, recipe } from '../fixtures/ci-recipes.ts';
import { STACKS } from '../fixtures/stacks.ts';
import type { Report } from '../reports/model.ts';

const REPOSITORY = fileURLToPath(new URL('..', import.meta.url));
const VOLUME = "    volumes: ['data:/data']\n";
/** In the place of whatever deploys. */
const DEPLOY = '#!/bin/sh\ntouch deployed\n';

const test = base
  .extend('folder', async ({}, { onCleanup }) => {
    const made = await dir({ prefix: 'outlast-deploy-', unsafeCleanup: true });
    onCleanup(async () => made.cleanup());
    return made.path;
  })
  // What a runner checks the action out to: what git has of this repository.
  .extend('action', async ({ folder }) => {
    const action = join(folder, 'action');
    const { stdout } = await execa(
      'git',
      ['ls-files', '-z', 'docs/rules', 'helpers', 'reports', 'package.json', 'package-lock.json'],
      {
        cwd: REPOSITORY,
      },
    );
    for (const file of stdout.split('\0').filter(Boolean)) await cp(join(REPOSITORY, file), join(action, file));
    return action;
  })
  .extend('project', async ({ folder, action }) => {
    const project = join(folder, 'project');
    await cp(STACKS.gated, project, { recursive: true });
    await writeFile(join(project, '.gitignore'), 'node_modules\ndeployed\n.env\n');
    await writeFile(join(project, '.env'), 'COMPOSE_PROJECT_NAME=gated\n');
    await writeFile(join(project, 'deploy.sh'), DEPLOY, { mode: 0o755 });
    // As `npm ci` leaves it where Outlast is a dependency.
    await mkdir(join(project, 'node_modules/.bin'), { recursive: true });
    await symlink(join(action, 'helpers/cli/launcher.js'), join(project, 'node_modules/.bin/outlast'));
    await execa('git', ['init', '-q'], { cwd: project });
    return project;
  })
  .extend(
    'sh',
    ({ folder, project, action, signal }) =>
      async (script: string, env: Readonly<Record<string, string>> = {}) =>
        execa('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', script], {
          cwd: project,
          reject: false,
          cancelSignal: signal,
          env: {
            NO_COLOR: '1',
            PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
            GITHUB_ACTION_PATH: action,
            GITHUB_STEP_SUMMARY: join(folder, 'summary.md'),
            RUNNER_TEMP: folder,
            ...env,
          },
        }),
  )
  .extend(
    'commit',
    ({ sh }) =>
      async (name: string) =>
        sh(
          `git add --all && git -c user.name=me -c user.email=me@example.org commit -qm ${name} && git rev-parse HEAD`,
        ),
  )
  .extend(
    'report',
    ({ project }) =>
      async () =>
        JSON.parse(await readFile(join(project, 'outlast-report/report.json'), 'utf8')) as Report,
  );

describe('a deploy', { timeout: 300_000 }, () => {
  test('is allowed for a sound stack, and refused when its volume line is removed', async ({
    folder,
    project,
    sh,
    commit,
    report,
    expect,
  }) => {
    const gate = async () => sh('npx outlast gate');
    const isDeployed = async () => (await sh('rm deployed')).exitCode === 0;
    /** As the action does it: the first step that fails is the last. @returns what each has said */
    const act = async () => {
      const ended = [];
      for (const { name, run, env } of actionSteps({ arguments: '--only restart,down-up --markers 3' })) {
        const { exitCode, stdout, stderr } = await sh(run, env);
        ended.push({ name, exitCode, stdout, stderr });
        if (exitCode !== 0) break;
      }
      return ended;
    };
    const { stdout: first } = await commit('first');

    const sound = await act();
    expect(sound.map(({ name, exitCode }) => [name, exitCode])).toEqual(
      ['install', 'run', 'summary', 'findings', 'gate'].map((name) => [name, 0]),
    );
    expect(sound.at(-1)?.stdout).toBe('Allowed.');
    expect(await readFile(join(folder, 'summary.md'), 'utf8')).toMatch(/^# Outlast\n\n\*\*The data outlasts/);
    const sarif = JSON.parse(await readFile(join(folder, 'outlast.sarif'), 'utf8')) as { version: string };
    expect(sarif.version).toBe('2.1.0');
    expect(await report()).toMatchObject({
      stack: { commit: first, dirty: false },
      gate: { decision: 'allowed', reasons: [] },
      baseline: null,
    });

    // The job that deploys has the report as an artifact.
    const deploying = gitlabScript('deploy').filter((line) => line !== 'npm ci');
    expect(deploying.at(-1)).toBe('./deploy.sh');
    expect(await sh(deploying.join('\n'))).toMatchObject({ exitCode: 0, stdout: 'Allowed.' });
    expect(await isDeployed()).toBe(true);

    // No commit has it, and yet it decides which volumes the stack has.
    const { stderr } = await sh('COMPOSE_PROJECT_NAME=other npx outlast gate');
    expect(stderr).toContain('Refused: COMPOSE_PROJECT_NAME has another value than when it was tested.');

    const compose = await readFile(join(project, 'compose.yaml'), 'utf8');
    expect(compose).toContain(VOLUME);
    await writeFile(join(project, 'compose.yaml'), compose.replace(VOLUME, ''));
    for (const commits of [false, true]) {
      if (commits) await commit('second');
      expect(await gate()).toMatchObject({
        exitCode: 2,
        stdout: '',
        stderr: expect.stringMatching(
          /^REPORT_OTHER_STACK {2}Refused: the Compose files are not those that were tested\.\n/,
        ),
      });
    }

    // Whoever runs it again learns what it is about.
    const recipes = recipe('sh', 'recipe').replace(
      'outlast run',
      'outlast run --verbose --only restart,recreate,down-up --markers 3',
    );
    const again = await sh(recipes);
    expect(again).toMatchObject({
      exitCode: 1,
      stdout: expect.stringMatching(
        /outlast run ended with 1\nRefused: rows after down-up: lost; error container-layer-data at [^\n]*\.$/,
      ),
    });
    expect(again.stdout).toContain('Worse: rows after down-up: survived → lost');
    expect(again.stdout).toMatch(/down-up: containers[^\n]*\n› starting a fresh stack\n› writing rows\n/);
    expect(again.stdout).toContain('New finding: error container-layer-data, compose.yaml');
    expect(await report()).toMatchObject({
      verdict: 'loses',
      gate: {
        decision: 'refused',
        reasons: [{ code: 'not-survived', text: 'rows after down-up: lost' }, { code: 'finding' }],
      },
      baseline: { worse: [{ disruption: 'down-up', store: 'rows', before: 'survived', after: 'lost' }], better: [] },
    });
    expect(await sh(deploying.join('\n'))).toMatchObject({ exitCode: 1 });
    expect(await isDeployed()).toBe(false);

    // By the job of GitLab, which stops at its gate as well.
    await writeFile(join(project, 'compose.yaml'), compose.replace('name: gated', 'name: other'));
    await rm(join(project, '.env'));
    await commit('third');
    const testing = gitlabScript('persistence').filter((line) => line !== 'npm ci');
    const tested = async () =>
      sh(testing.join('\n').replace('outlast run', 'outlast run --quiet --only down-up --markers 3'));
    // The history is of another stack now.
    expect(await tested()).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/^HISTORY_OTHER_STACK .*history holds runs of gated, and this is other\./m),
    });
    await rename(join(project, 'outlast-report'), join(folder, 'earlier'));
    const other = await tested();
    expect(other).toMatchObject({
      exitCode: 1,
      stdout: expect.stringMatching(/Refused: rows after restart: not tried\.$/),
    });
    // Quiet: the verdict, the gate, the next step, the report; neither progress nor matrix.
    expect(other.stdout.split('\n').map((line) => line.split(/[: ]/)[0])).toEqual(
      expect.arrayContaining(['The', 'Gate', 'Next', 'Report']),
    );
    expect(other.stdout).not.toMatch(/Docker host|Images|› |^down-up +✓/m);
    expect(again.stdout).toMatch(/^• Docker host.*\n[^]*^down-up +✗ lost$/m);
    expect((await report()).baseline).toBeNull();
    expect(await readFile(join(project, 'outlast-report/junit.xml'), 'utf8')).toContain('<testsuite ');

    const oldest = '"$(ls -d ../earlier/history/* | sed 1q)"';
    expect(await sh(`npx outlast run --only down-up --baseline ${oldest}`)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/^BASELINE_OTHER_STACK .* is of gated, and this is other\./m),
    });
  });
});
