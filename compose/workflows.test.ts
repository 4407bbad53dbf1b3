import { accessSync, constants, globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

const Step = z.looseObject({
  uses: z.string().optional(),
  run: z.string().optional(),
  'working-directory': z.string().default('.'),
});
const Workflow = z.looseObject({
  permissions: z.record(z.string(), z.string()),
  jobs: z.record(
    z.string(),
    z.looseObject({ 'timeout-minutes': z.number(), needs: z.string().optional(), steps: z.array(Step) }),
  ),
});

const repository = join(import.meta.dirname, '..');
const read = (name: string) => Workflow.parse(parse(readFileSync(join(repository, '.github/workflows', name), 'utf8')));

describe.for(['persistence-gate.yml', 'offsite-backup.yml'])('%s', (name) => {
  const workflow = read(name);
  const steps = Object.values(workflow.jobs).flatMap((job) => job.steps);

  test('may do no more than read', () => expect(workflow.permissions).toEqual({ contents: 'read' }));

  test('pins each action to a commit', () => {
    const actions = steps.flatMap(({ uses }) => uses ?? []);
    expect(actions.filter((action) => !/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/.test(action))).toEqual([]);
    expect(actions).not.toEqual([]);
  });

  test('calls scripts that are there, and no secret stands in a command', () => {
    const scripts = steps.flatMap(({ run }) => /\S+\.sh\b/.exec(run ?? '') ?? []);
    expect(scripts.length).toBeGreaterThan(0);
    for (const script of scripts) accessSync(join(repository, script), constants.X_OK);
    for (const { run, 'working-directory': folder } of steps) {
      expect(run ?? '').not.toContain('${{');
      expect(statSync(join(repository, folder)).isDirectory()).toBe(true);
    }
  });
});

test('nothing is deployed before the data was seen to outlast it', () => {
  const { jobs } = read('persistence-gate.yml');
  expect(jobs['persistence']?.steps.map(({ run }) => run)).toContain(
    'npx outlast run -f compose/compose.yaml --out reports/out',
  );
  expect(jobs['deploy']).toMatchObject({ needs: 'persistence' });
  expect(jobs['deploy']?.steps.at(-1)?.run).toBe('compose/deploy.sh');
});

test('every program that scripts and Compose files start is there', () => {
  const files = globSync('{*.sh,compose*.yaml}', { cwd: import.meta.dirname });
  const programs = files.flatMap((file) => [
    ...readFileSync(join(import.meta.dirname, file), 'utf8').matchAll(/\bnode,? (?:app\/)?([\w/]+\.[jt]s)/g),
  ]);
  expect(programs.length).toBeGreaterThan(4);
  for (const [, program = ''] of programs) accessSync(join(import.meta.dirname, 'app', program));
});
