import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Report, reportSchema } from './model.ts';
import { goodCell, lostCell, sampleReport } from './sample.ts';

const modules = fileURLToPath(new URL('../node_modules', import.meta.url));
const [reporter, tally] = ['vitest-reporter.ts', 'tally-reporter.ts'].map((name) =>
  fileURLToPath(new URL(name, import.meta.url)),
);

const CONFIG = `export default {
  test: {
    include: ['**/*.spec.js'],
    reporters: [[${JSON.stringify(reporter)}, { out: 'out', watched: ['watched/'] }], ${JSON.stringify(tally)}],
  },
};`;
const { stores, hosts } = sampleReport([]);
const HEAD = `import { expect, test } from 'vitest';
  const [stores, hosts] = ${JSON.stringify([stores, hosts])};
  const good = (disruption) => ({ ...${JSON.stringify(goodCell)}, disruption });
  const lost = (disruption) => ({ ...${JSON.stringify(lostCell)}, disruption });\n`;

/** Runs vitest on these files with the reporter. */
function runVitest(folder: string, files: Record<string, string>) {
  symlinkSync(modules, join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(folder, 'vitest.config.js'), CONFIG);
  mkdirSync(join(folder, 'watched'));
  for (const [name, source] of Object.entries(files)) writeFileSync(join(folder, name), HEAD + source);
  const args = [join(modules, 'vitest', 'vitest.mjs'), 'run', '--root', folder];
  const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith('VITEST')));
  const { stdout } = spawnSync(process.execPath, args, { cwd: folder, env, encoding: 'utf8' });
  const out = (name: string) => readFileSync(join(folder, 'out', name), 'utf8');
  return {
    stdout,
    report: (): Report => reportSchema.parse(JSON.parse(out('report.json'))),
    lines: out('persistence.jsonl').trimEnd().split('\n'),
  };
}

describe('a run of every kind', { timeout: 60_000 }, () => {
  let folder: string;
  let ran: ReturnType<typeof runVitest>;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'outlast-reporter-'));
    ran = runVitest(folder, {
      'plain.spec.js': `
        test('says nothing and need not', () => {});
        test('has nothing to say', ({ task }) => { task.meta.persistence = {}; });
        test('fails before its evidence', ({ task }) => {
          task.meta.persistence = {};
          throw new Error('never came up');
        });
        test('nonsense anywhere', ({ task }) => { task.meta.persistence = { cell: [] }; });`,
      'watched/a.spec.js': `
        test('good', ({ task }) => {
          task.meta.persistence = {
            cells: [good('restart')],
            hosts,
            stores,
            claims: [{ id: 'c1', statement: 's', verdict: 'holds', evidence: [] }],
            controls: [{ id: 'k1', expected: 'lost', outcome: 'lost', caught: true, reason: null }],
          };
        });
        test('fails after a good cell', ({ task }) => {
          task.meta.persistence = {
            cells: [good('kill')],
            claims: [{ id: 'c2', statement: 's', verdict: 'holds', evidence: [] },
                     { id: 'c3', statement: 's', verdict: 'refuted', evidence: [] }],
            controls: [{ id: 'k2', expected: 'lost', outcome: 'lost', caught: true, reason: null }],
          };
          expect(1).toBe(2);
        });
        test('fails after a loss', ({ task }) => {
          task.meta.persistence = { cells: [lost('crash')] };
          expect(1).toBe(2);
        });
        let attempt = 0;
        test('retried', { retry: 1 }, ({ task }) => {
          task.meta.persistence = { cells: [good('reboot')] };
          attempt += 1;
          expect(attempt).toBe(2);
        });
        test.skip('skipped', () => {});
        test('skipped with a note', ({ skip }) => skip('no root here'));
        test('forgot', () => {});
        test('nothing to report', ({ task }) => { task.meta.persistence = {}; });
        test('fails with nothing but a host', ({ task }) => {
          task.meta.persistence = { hosts: [], cells: [] };
          throw new Error('engine gone');
        });
        test('of a store that no test has told of', ({ task }) => {
          task.meta.persistence = { cells: [{ ...good('prune'), store: 'other' }], hosts, stores };
        });
        test('contradicts itself', ({ task }) => {
          task.meta.persistence = { cells: [{ ...good('move-project'), lost: 1 }], hosts, stores };
        });
        test('the same twice', ({ task }) => {
          task.meta.persistence = { cells: [good('rebuild'), lost('rebuild'), good('rebuild')], hosts, stores };
        });
        test('nonsense', ({ task }) => { task.meta.persistence = { cells: [{ disruption: 1 }] }; });`,
    });
  }, 60_000);

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  const cell = (disruption: string) => ran.report().cells.find((each) => each.disruption === disruption);

  test('keeps a good cell as it is', () => {
    expect(cell('restart')).toEqual(goodCell);
  });

  test('takes a good cell of a failed test for unknown', () => {
    expect(cell('kill')).toMatchObject({ outcome: 'unknown', data: 'unknown', ok: false, reason: 'checker-failed' });
    expect(cell('kill')?.evidence.at(-1)?.text).toContain('expected 1 to be 2');
  });

  test('keeps the loss that a failed test saw', () => {
    expect(cell('crash')).toEqual({ ...lostCell, disruption: 'crash' });
    expect(ran.report().verdict).toBe('loses');
  });

  test('trusts no retry', () => {
    expect(cell('reboot')).toMatchObject({ outcome: 'unknown', ok: false });
  });

  test('believes nothing good of a store that no test has told of', () => {
    expect(cell('prune')).toMatchObject({ outcome: 'unknown', ok: false, reason: 'checker-failed' });
  });

  test('believes nothing that contradicts itself', () => {
    expect(cell('move-project')).toBeUndefined();
    expect(cell('contradicts itself')?.evidence[0]?.text).toContain('is not understood');
  });

  test('of the same seen several times the worst stands, with the evidence of all', () => {
    const all = ran.report().cells.filter(({ disruption }) => disruption === 'rebuild');
    expect(all).toEqual([
      {
        ...lostCell,
        disruption: 'rebuild',
        evidence: [goodCell, lostCell, goodCell].flatMap(({ evidence }) => evidence),
      },
    ]);
  });

  test('counts a watched test without evidence as unknown', () => {
    const unknown = { outcome: 'unknown', ok: false };
    expect(cell('skipped')).toMatchObject({ ...unknown, status: 'not-run' });
    expect(cell('skipped with a note')?.evidence[0]?.text).toContain('no root here');
    expect(cell('forgot')).toMatchObject({ ...unknown, reason: 'checker-failed', intact: null });
    expect(cell('nonsense')).toMatchObject(unknown);
    expect(cell('nonsense anywhere')).toMatchObject(unknown);
    expect(cell('fails with nothing but a host')?.evidence[0]?.text).toContain('engine gone');
    expect(cell('nothing to report')).toBeUndefined();
    expect(cell('says nothing and need not')).toBeUndefined();
    expect(cell('has nothing to say')).toBeUndefined();
    expect(cell('fails before its evidence')).toMatchObject({ ...unknown, reason: 'checker-failed' });
  });

  test('carries hosts, claims and controls, and doubts those of a failed test', () => {
    const { claims, controls, ...report } = ran.report();
    expect(report.hosts.map(({ id }) => id)).toEqual(['h1']);
    expect(claims.map(({ id, verdict }) => [id, verdict])).toEqual([
      ['c1', 'holds'],
      ['c2', 'unknown'],
      ['c3', 'refuted'],
    ]);
    expect(controls.map(({ id, caught }) => [id, caught])).toEqual([
      ['k1', true],
      ['k2', false],
    ]);
  });

  test('prints the numbers of tests as a line alone, at the end', () => {
    expect(ran.stdout.trimEnd().split('\n').at(-1)).toBe('11 passed, 4 failed, 2 skipped');
  });

  test('has a line on disk for each test that ran, and report.md and report.html beside', () => {
    for (const name of ['good', 'forgot', 'says nothing and need not']) {
      expect(ran.lines.map((line): unknown => JSON.parse(line))).toContainEqual(expect.objectContaining({ name }));
    }
    expect(readFileSync(join(folder, 'out', 'report.md'), 'utf8')).toContain('The stack loses data');
    expect(readFileSync(join(folder, 'out', 'report.html'), 'utf8')).toContain('The stack loses data');
  });
});

test('a file that does not load makes the run inconclusive', { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'outlast-reporter-'));
  try {
    const { report, stdout } = runVitest(folder, {
      'a.spec.js': `test('good', ({ task }) => { task.meta.persistence = { cells: [good('restart')], hosts, stores }; });`,
      'b.spec.js': `throw new Error('no');`,
    });
    expect(report().verdict).toBe('inconclusive');
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('1 passed, 0 failed, 1 files broken');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a run without any evidence leaves the report of another one alone', { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'outlast-reporter-'));
  try {
    const { stdout } = runVitest(folder, { 'a.spec.js': `test('plain', () => {});` });
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('1 passed, 0 failed');
    expect(existsSync(join(folder, 'out', 'report.json'))).toBe(false);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
