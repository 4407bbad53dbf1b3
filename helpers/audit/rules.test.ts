import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { dir } from 'tmp-promise';
import { describe, expect, test, type TestContext } from 'vitest';
import { outlastHome } from '../home.ts';
import { openComposeCli } from '../host/compose-cli.ts';
import { resolveProject } from '../stack/project-model.ts';
import { auditProject } from './audit-project.ts';
import type { Finding } from './finding.ts';
import { PREDICTION_REFUTED } from './prediction-refuted.ts';
import { RULES } from './rules/catalogue.ts';

const PAGES = fileURLToPath(new URL('../../docs/rules/', import.meta.url));
const cli = openComposeCli(await outlastHome());

/** The files of an example: code blocks with a name behind their language. */
function filesIn(section: string): Map<string, string> {
  return new Map(
    [...section.matchAll(/^```\w+ (\S+)\n([^]*?)^```$/gm)].map(([, name = '', text = '']) => [name, text]),
  );
}

async function findingsIn(
  section: string,
  platform: NodeJS.Platform,
  { onTestFinished }: TestContext,
): Promise<Finding[]> {
  const files = filesIn(section);
  const folder = await dir({ prefix: 'outlast-rule-', unsafeCleanup: true });
  onTestFinished(async () => folder.cleanup());
  const root = join(folder.path, 'shop');
  for (const [name, text] of files) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
  await execa('git', ['init', '--quiet'], { cwd: root });
  await execa('git', ['add', '--all'], { cwd: root });
  const file = [...files.keys()].find((name) => basename(name) === 'compose.yaml') ?? '';
  const compose = { files: [join(root, file)], folder: dirname(join(root, file)) };
  const model = await resolveProject(await cli, compose);
  const { findings } = await auditProject(model, { compose, docker: null, platform });
  return findings.map((finding) => ({
    ...finding,
    file: finding.file === null ? null : relative(root, join(compose.folder, finding.file)),
  }));
}

const pageOf = async (id: string): Promise<string> => readFile(join(PAGES, `${id}.md`), 'utf8');

test('every rule has a page, and every page a rule', async () => {
  const ids = [...RULES.map(({ id }) => id), PREDICTION_REFUTED.id];
  expect((await readdir(PAGES)).toSorted()).toEqual(ids.map((id) => `${id}.md`).toSorted());
});

test('docs/audit.md links each rule at its hazard', async () => {
  const text = await readFile(join(PAGES, '../audit.md'), 'utf8');
  const rows = [...text.matchAll(/^\| (\d+) \| [^|]+ \| (.*) \|$/gm)];
  const linked = rows.flatMap(([, hazard, cell = '']) =>
    [...cell.matchAll(/\[`([^`]+)`\]\(rules\/\1\.md\)/g)].map(([, id]) => `${hazard} ${id}`),
  );
  expect(linked).toEqual(expect.arrayContaining(RULES.map(({ id, hazard }) => `${hazard} ${id}`)));
  expect(rows.filter(([, , cell]) => cell === '')).toEqual([]);
});

describe('the page', () => {
  test.for([...RULES, PREDICTION_REFUTED].map((rule) => [rule.id, rule] as const))(
    '%s says what the rule says',
    async ([id, rule]) => {
      const page = await pageOf(id);
      expect(page.split('\n')[0]).toBe(`# ${id}`);
      expect(page).toContain(`Severity: ${rule.severity}.`);
      expect(page).toContain(rule.hazard === null ? 'No hazard of its own.' : `[Hazard ${rule.hazard}](../audit.md).`);
      expect(page).toContain(rule.why);
      expect(page).toContain(`**Fix:** ${rule.fix}`);
    },
  );
});

describe.concurrent('the examples of', () => {
  test.for(RULES.map(({ id }) => id))('%s', async (id, context) => {
    const [, found = '', sound = ''] = (await pageOf(id)).split(/^## (?:Found|Not found)$/m);
    const at = /^At `([^`]+)`:$/m.exec(found)?.[1];
    const platform = id === 'database-on-shared-bind' ? 'darwin' : 'linux';
    const places = (findings: readonly Finding[]) =>
      findings.filter(({ rule }) => rule === id).map(({ file, line }) => `${file}:${line}`);
    expect(places(await findingsIn(found, platform, context))).toEqual([at]);
    expect(places(await findingsIn(sound, platform, context))).toEqual([]);
  });
});
