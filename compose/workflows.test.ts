import { spawnSync } from 'node:child_process';
import { accessSync, constants, globSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
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

describe.for(['ci.yml', 'persistence-gate.yml', 'offsite-backup.yml'])('%s', (name) => {
  const workflow = read(name);
  const steps = Object.values(workflow.jobs).flatMap((job) => job.steps);

  test('may do no more than read', () => expect(workflow.permissions).toEqual({ contents: 'read' }));

  test('pins each action to a commit', () => {
    const actions = steps.flatMap(({ uses }) => uses ?? []);
    expect(actions.filter((action) => !/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/.test(action))).toEqual([]);
    expect(actions).not.toEqual([]);
  });

  test('calls scripts that are there, and no secret stands in a command', () => {
    const scripts = steps.flatMap(({ run }) => /\S+\.sh\b|\.ci\/run/.exec(run ?? '') ?? []);
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
    'sudo env "PATH=$PATH" npx outlast run -f compose/compose.yaml --out reports/out',
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

describe('.github/ssh-key.sh', () => {
  test('lays key and hosts where ssh looks, for nobody else to read', () => {
    const home = temporaryHome();
    const key = '-----BEGIN KEY-----\nabc\n-----END KEY-----';
    const { status } = laySshKey(home, { SSH_KEY: key, SSH_KNOWN_HOSTS: 'server ssh-ed25519 AAAA' });
    expect(status).toBe(0);
    // ssh takes no key without an end of line, and none that others may read.
    expect(readFileSync(join(home, '.ssh/id_ed25519'), 'utf8')).toBe(`${key}\n`);
    expect(readFileSync(join(home, '.ssh/known_hosts'), 'utf8')).toBe('server ssh-ed25519 AAAA\n');
    const modes = ['.ssh', '.ssh/id_ed25519', '.ssh/known_hosts'].map(
      (path) => statSync(join(home, path)).mode & 0o777,
    );
    expect(modes).toEqual([0o700, 0o600, 0o600]);
  });

  test.for(['SSH_KEY', 'SSH_KNOWN_HOSTS'])('fails without %s, and says so', (name) => {
    const { status, stderr } = laySshKey(temporaryHome(), { SSH_KEY: 'key', SSH_KNOWN_HOSTS: 'server', [name]: '' });
    expect(status).not.toBe(0);
    expect(stderr).toContain(name);
  });
});

function temporaryHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'home-'));
  onTestFinished(() => rmSync(home, { recursive: true }));
  return home;
}

function laySshKey(home: string, secrets: Record<string, string>) {
  return spawnSync(join(repository, '.github/ssh-key.sh'), {
    env: { PATH: process.env['PATH'], HOME: home, ...secrets },
    encoding: 'utf8',
  });
}
