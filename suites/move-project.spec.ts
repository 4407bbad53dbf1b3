import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dir } from 'tmp-promise';
import { describe } from 'vitest';
import { outlast } from '../fixtures/cli.ts';
import { test } from '../fixtures/outlast.ts';
import { STACKS } from '../fixtures/stacks.ts';
import { DISRUPTIONS } from '../helpers/disruptions/catalogue.ts';
import { moveProject } from '../helpers/disruptions/move-project.ts';
import { restart } from '../helpers/disruptions/restart.ts';
import type { Report } from '../reports/model.ts';

const CHANGED = ['project folder'];

describe('move-project', () => {
  test('every store of the reference stack comes through with every row', async ({ survey, expect }) => {
    const cells = await survey(moveProject);
    expect(cells).toSurvive();
    for (const { proof } of cells) {
      expect(proof.changed).toEqual(expect.arrayContaining([...CHANGED, 'app container']));
      expect(proof.unchanged).toContain('project name');
    }
  });

  test('a project with a name keeps its volumes, and is as it was afterwards', async ({ bringUp, expect }) => {
    const { matrix } = await bringUp('slow-init');
    for (let times = 0; times < 2; times++) {
      const [cell, ...others] = await matrix.run(moveProject);
      expect(others).toEqual([]);
      expect(cell).toSurvive();
      expect(cell?.attempted).toBe(10 * (times + 1) + times);
      expect(cell?.proof.unchanged).toEqual(expect.arrayContaining(['slow-init_data volume', 'project name']));
      expect(cell?.proof.changed).toEqual(expect.arrayContaining(CHANGED));
    }
  });

  test('control: without a name its volumes are not found again', async ({ bringUp, control, host, expect }) => {
    const { session, matrix } = await bringUp('unnamed-project');
    const [data, beside, outside, fixed] = await matrix.run(moveProject);
    control('unnamed-project/move-project', data, { outcome: 'hidden', reason: 'source-replaced' });
    expect(data).toMatchObject({ outcome: 'hidden', ok: false, lost: 10 });
    expect(data?.proof).toMatchObject({
      before: { 'project name': 'unnamed-project' },
      after: { 'project name': 'unnamed-project-moved' },
      changed: expect.arrayContaining(['unnamed-project_data volume', 'app container', ...CHANGED]) as string[],
      unchanged: expect.arrayContaining(['app image']) as string[],
    });
    const said = data?.evidence.map(({ text }) => text) ?? [];
    expect(said.slice(0, 3)).toEqual([
      'docker compose down',
      expect.stringMatching(/^mv \S+\/unnamed-project \S+\/unnamed-project-moved$/),
      'docker compose up -d --no-build',
    ]);
    expect(said).toContain(
      'the bytes were on named-volume unnamed-project_data, the path is now on named-volume unnamed-project-moved_data',
    );
    expect([beside, outside, fixed]).toEqual([
      expect.objectContaining({ outcome: 'survived', intact: 10, ok: true }),
      expect.objectContaining({ outcome: 'survived', intact: 10, ok: true }),
      expect.objectContaining({ outcome: 'survived', intact: 10, ok: true }),
    ]);
    // The bind in the folder was moved, the one outside was not.
    const lying = (cell: typeof data) => cell?.evidence.filter(({ text }) => text.startsWith('the bytes were on'));
    expect(lying(beside)?.[0]?.text).toMatch(
      / bind .*\/checkout\/binds\/(\S+), .* bind .*\/checkout-moved\/binds\/\1$/,
    );
    expect(lying(outside)).toEqual([]);

    // It is where it was, and nothing of the other one is left.
    const { isMoved, bindOwners } = await session.build();
    expect([isMoved, (await bindOwners.facts()).map(({ subject }) => subject)]).toEqual([
      false,
      ['./beside', expect.stringMatching(/\/outside$/)],
    ]);
    const { Volumes } = await host.docker.listVolumes();
    const names = Volumes.map(({ Name }) => Name);
    expect(names).toContain('unnamed-project_data');
    expect(names).not.toContain('unnamed-project-moved_data');
    const restarted = await matrix.run(restart);
    expect(restarted).toSurvive();
  });

  test('control: --strict finds it, and a bind that is named by its whole path', async ({ signal, task, expect }) => {
    task.meta.persistence = {};
    const { path, cleanup } = await dir({ prefix: 'outlast-strict-', unsafeCleanup: true });
    try {
      const folder = join(path, 'shop');
      await cp(STACKS['unnamed-project'], folder, { recursive: true });
      await rm(join(folder, 'outlast.yaml'));
      const compose = await readFile(join(folder, 'compose.yaml'), 'utf8');
      await writeFile(
        join(folder, 'compose.yaml'),
        compose.replace("'../outside:/outside'", `'${folder}/whole:/whole'`),
      );
      const skipped = DISRUPTIONS.map(({ id }) => id).filter((id) => !['move-project', 'restore'].includes(id));
      const args = ['run', '--strict', '--skip', skipped.join(','), '--out', join(path, 'report')];
      const { exitCode, stderr } = await outlast(args, { cwd: folder, signal });
      expect([exitCode, stderr]).toEqual([1, '']);
      const { verdict, cells, findings }: Report = JSON.parse(await readFile(join(path, 'report/report.json'), 'utf8'));
      expect(verdict).toBe('loses');
      const outcomes = cells.map(({ disruption, store, status, predicted, outcome }) => [
        disruption,
        store,
        status === 'ran' ? `${predicted} predicted, ${outcome} seen` : status,
      ]);
      expect(outcomes).toEqual([
        ['move-project', 'app-beside', 'survived predicted, survived seen'],
        ['move-project', 'app-data', 'hidden predicted, hidden seen'],
        ['move-project', 'app-fixed', 'survived predicted, survived seen'],
        ['move-project', 'app-whole', 'hidden predicted, hidden seen'],
        // Nobody said how it is backed up.
        ...['app-beside', 'app-data', 'app-fixed', 'app-whole'].map((store) => ['restore', store, 'not-applicable']),
      ]);
      expect(findings.map(({ rule, file, line }) => `${rule} ${file}:${line}`)).toContain(
        'unnamed-project compose.yaml:7',
      );
      expect(await readdir(path)).toEqual(['report', 'shop']);
    } finally {
      await cleanup();
    }
  });
});
