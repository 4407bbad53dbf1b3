import { describe, expect, test } from 'vitest';
import { scriptsIn } from './scripts.ts';

describe('scriptsIn', () => {
  test('npm scripts, each with its name and line', () => {
    const text = '{\n  "scripts": {\n    "stop": "docker compose down -v"\n  }\n}\n';
    expect(scriptsIn('/p/package.json', text)).toEqual([
      { kind: 'npm', file: '/p/package.json', name: 'stop', offset: 2, text: 'docker compose down -v' },
    ]);
  });

  test('a recipe, as make hands it to the shell', () => {
    const text = 'A := 1\nstop: build\n\t@docker compose \\\n\t  down -v $$X $(A)\n';
    expect(scriptsIn('/p/Makefile', text)).toMatchObject([
      { kind: 'make', name: 'stop', offset: 2, text: 'docker compose \\\n\t  down -v $X ${A}' },
    ]);
  });

  test('steps of a pipeline, with the options of their shell', () => {
    const text = `jobs:
  all:
    steps:
      - run: one
      - shell: bash
        run: |
          two
          three
`;
    expect(scriptsIn('/p/.github/workflows/ci.yml', text)).toMatchObject([
      { text: 'one', offset: 3, options: { errexit: true, pipefail: false } },
      { text: 'two\nthree\n', offset: 6, options: { errexit: true, pipefail: true } },
    ]);
    expect(scriptsIn('/p/.gitlab-ci.yml', 'deploy:\n  script:\n    - four\n')).toMatchObject([
      { text: 'four', offset: 2 },
    ]);
  });

  test('blocks of shell text in a document, and of a console what was typed', () => {
    const text = '# x\n```sh\none\n```\n```console\n$ two\nanswer\n```\n```js\nthree\n```\n';
    expect(scriptsIn('/p/README.md', text)).toMatchObject([
      { kind: 'docs', offset: 2, text: 'one' },
      { kind: 'docs', offset: 5, text: 'two\n' },
    ]);
  });

  test('jobs of cron', () => {
    expect(scriptsIn('/p/crontab', '# x\n0 4 * * 0 one two\n@daily three\n')).toMatchObject([
      { text: 'one two', offset: 1 },
      { text: 'three', offset: 2 },
    ]);
  });

  test('a shell script by its name or its first line', () => {
    expect(scriptsIn('/p/run', '#!/bin/bash -e\none\n')).toMatchObject([
      { kind: 'script', options: { errexit: true } },
    ]);
    expect(scriptsIn('/p/run', 'just text\n')).toEqual([]);
  });
});
