import { globSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { importsOf, packageOf, type Import } from './module-imports.ts';

interface Rule {
  /** Where it holds; the last rule that fits a file is the one. */
  readonly files: RegExp;
  /** Files of the repository that may be imported. */
  readonly may: readonly RegExp[];
  /** … and those of which only types may be. */
  readonly mayTypes?: readonly RegExp[];
  readonly never?: readonly RegExp[];
  /** The only packages, besides those of Node, or all but some. */
  readonly packages: { readonly only: readonly string[] } | { readonly allBut: readonly string[] };
  readonly typesOfPackages?: readonly string[];
}

const HELPERS = /^helpers\/(?!cli\/|imports\.test)/;
const LIBRARY = { allBut: ['vitest', 'dockerode', 'testcontainers'] };

const RULES: readonly Rule[] = [
  { files: /^compose\//, may: [/^compose\//], packages: { allBut: ['vitest'] } },
  { files: /^helpers\//, may: [HELPERS], packages: LIBRARY, typesOfPackages: ['dockerode'] },
  { files: /^helpers\/(host|stack|cleanup)\//, may: [HELPERS], packages: { allBut: ['vitest'] } },
  {
    files: /^helpers\/stores\//,
    may: [HELPERS],
    never: [/^helpers\/disruptions\//],
    packages: LIBRARY,
    typesOfPackages: ['dockerode'],
  },
  {
    files: /^helpers\/disruptions\//,
    may: [HELPERS],
    never: [/^helpers\/stores\//],
    packages: LIBRARY,
    typesOfPackages: ['dockerode'],
  },
  { files: /^helpers\/verdict\//, may: [/^helpers\/verdict\//], packages: { only: ['better-sqlite3'] } },
  { files: /^helpers\/cli\//, may: [/^helpers\//, /^reports\//], packages: LIBRARY },
  {
    files: /^reports\//,
    may: [/^reports\//, /^helpers\/verdict\//, /^helpers\/(errors|own-package|gate\/reasons)\.ts$/],
    mayTypes: [HELPERS],
    packages: {
      only: [
        'zod',
        'cli-table3',
        'hastscript',
        'hast-util-to-html',
        'd3-scale',
        'xmlbuilder2',
        'badge-maker',
        'marked',
      ],
    },
    typesOfPackages: ['hast', 'sarif'],
  },
  {
    files: /^reports\/(vitest|tally)-reporter\.ts$/,
    may: [/^reports\//, /^helpers\/own-package\.ts$/],
    packages: { only: [] },
    typesOfPackages: ['vitest'],
  },
  {
    files: /^fixtures\//,
    may: [/^fixtures\//, HELPERS, /^helpers\/cli\/contract-words\.ts$/],
    mayTypes: [/^reports\//],
    packages: { allBut: [] },
  },
  {
    files: /^suites\//,
    may: [/^suites\//, /^fixtures\//, HELPERS],
    mayTypes: [/^reports\//],
    packages: { allBut: [] },
  },
  {
    files: /^suites\/bench\//,
    may: [/^suites\//, /^fixtures\//, /^reports\//, HELPERS],
    packages: { allBut: [] },
  },
  { files: /^compose\/.*\.test\.ts$/, may: [/^compose\//], packages: { allBut: [] } },
  { files: /^(helpers|reports)\/.*\.(test|spec)\.ts$/, may: [/^helpers\//, /^reports\//], packages: { allBut: [] } },
];

const fits = (patterns: readonly RegExp[] | undefined, path: string) =>
  patterns?.some((pattern) => pattern.test(path)) ?? false;

function forbidden(file: string, { from, typeOnly }: Import): boolean {
  const rule = RULES.findLast((each) => each.files.test(file));
  if (rule === undefined) return true;
  if (from.startsWith('.')) {
    const path = posix.join(posix.dirname(file), from);
    if (fits(rule.never, path)) return true;
    return !fits(rule.may, path) && !(typeOnly && fits(rule.mayTypes, path));
  }
  if (isBuiltin(from)) return false;
  const name = packageOf(from);
  if (typeOnly && (rule.typesOfPackages?.includes(name) ?? false)) return false;
  return 'only' in rule.packages ? !rule.packages.only.includes(name) : rule.packages.allBut.includes(name);
}

function violations(file: string, source: string): string[] {
  return importsOf(file, source)
    .filter((each) => forbidden(file, each))
    .map(({ from }) => `${file} imports ${from}`);
}

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const files = globSync('{compose,helpers,reports,fixtures,suites}/**/*.ts', {
  cwd: root,
  exclude: ['**/node_modules/**', 'reports/out/**'],
});

describe('imports', () => {
  test('there are files to look at', () => {
    expect(files.length).toBeGreaterThan(20);
  });

  test('keep to the rules', () => {
    expect(files.flatMap((file) => violations(file, readFileSync(posix.join(root, file), 'utf8')))).toEqual([]);
  });

  test.for([
    ['helpers/stores/a.ts', "import { kill } from '../disruptions/kill.ts';"],
    ['helpers/stores/a.ts', "import type { Disruption } from '../disruptions/disruption.ts';"],
    ['helpers/disruptions/a.ts', "import type { OpenStore } from '../stores/store.ts';"],
    ['helpers/verdict/a.ts', "import { OutlastError } from '../errors.ts';"],
    ['helpers/verdict/a.ts', "import { z } from 'zod';"],
    ['helpers/scenario/a.ts', "import { expect } from 'vitest';"],
    ['helpers/scenario/a.ts', "import Dockerode from 'dockerode';"],
    ['helpers/scenario/a.ts', "import { run } from '../cli/run.ts';"],
    ['helpers/scenario/a.ts', "import { makeReport } from '../../reports/report.ts';"],
    ['helpers/scenario/a.ts', "export { makeReport } from '../../reports/report.ts';"],
    ['helpers/scenario/a.ts', "export * from '../../suites/a.ts';"],
    ['helpers/scenario/a.ts', "const a = await import('../../suites/a.ts');"],
    ['compose/app/a.ts', "import { VERSION } from '../../helpers/own-package.ts';"],
    ['reports/a.ts', "import { Session } from '../helpers/scenario/session.ts';"],
    ['reports/a.ts', "import type { Reporter } from 'vitest/node';"],
    ['reports/vitest-reporter.ts', "import { startVitest } from 'vitest/node';"],
    ['fixtures/a.ts', "import '../suites/a.ts';"],
    ['suites/a.ts', "import { makeReport } from '../reports/report.ts';"],
    ['elsewhere/a.ts', "import 'node:fs';"],
  ] as const)('%s may not: %s', ([file, source]) => {
    expect(violations(file, source)).toHaveLength(1);
  });

  test.for([
    ['helpers/stores/a.ts', "import type { Marker } from '../verdict/model.ts';"],
    ['helpers/verdict/a.ts', "import Database from 'better-sqlite3';"],
    ['helpers/scenario/a.ts', "import type Dockerode from 'dockerode';"],
    ['helpers/scenario/a.test.ts', "import { expect } from 'vitest';"],
    ['helpers/cli/a.ts', "import { makeReport } from '../../reports/report.ts';"],
    ['reports/a.ts', "import type { CellRecord } from '../helpers/scenario/record.ts';"],
    ['reports/vitest-reporter.ts', "import type { Reporter } from 'vitest/node';"],
    ['suites/a.test.ts', "import { expect } from 'vitest'; import { stack } from '../fixtures/stack.ts';"],
  ] as const)('%s may: %s', ([file, source]) => {
    expect(violations(file, source)).toEqual([]);
  });
});
