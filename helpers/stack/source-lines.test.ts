import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { dir } from 'tmp-promise';
import { describe, test as base } from 'vitest';
import { SourceLines } from './source-lines.ts';

const test = base
  .extend('folder', async ({}, { onCleanup }) => {
    const made = await dir({ prefix: 'outlast-lines-', unsafeCleanup: true });
    onCleanup(async () => made.cleanup());
    return made.path;
  })
  .extend('read', ({ folder }) => async (files: Readonly<Record<string, string>>, ...named: readonly string[]) => {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), text);
    }
    const [first = ''] = Object.keys(files);
    const lines = await SourceLines.read((named.length > 0 ? named : [first]).map((name) => join(folder, name)));
    return {
      lines,
      locate: (path: string, mention?: string) => relative(folder, lines.locate(path.split('.'), mention)),
    };
  });

const PRIVILEGED = 'services.app.privileged';

describe('the line of a key', () => {
  test('is that of the key itself', async ({ read, expect }) => {
    const { locate } = await read({ 'a.yaml': 'services:\n  app:\n    image: a\n    privileged: true\n' });
    expect(locate(PRIVILEGED)).toBe('a.yaml:4');
  });

  test('is that of the nearest key above it where it has none', async ({ read, expect }) => {
    const { locate } = await read({ 'a.yaml': '# first\nservices:\n  app:\n    build: .\n' });
    expect(locate('services.app.build.network')).toBe('a.yaml:4');
    expect(locate('volumes.data.driver')).toBe('a.yaml:1');
  });

  test('is in the last of the files that has it', async ({ read, expect }) => {
    const { locate } = await read(
      {
        'a.yaml': 'services:\n  app:\n    privileged: true\n    pid: host\n',
        'b.yaml': 'services:\n  app: { privileged: true }\n',
      },
      'a.yaml',
      'b.yaml',
    );
    expect(locate(PRIVILEGED)).toBe('b.yaml:2');
    expect(locate('services.app.pid')).toBe('a.yaml:4');
  });

  test('is in an included file, and the including one counts more', async ({ read, expect }) => {
    const { locate } = await read({
      'a.yaml': 'include:\n  - path: [sub/b.yaml]\nservices:\n  app: { pid: host }\n',
      'sub/b.yaml': 'include: [c.yaml]\nservices:\n  app:\n    privileged: true\n    pid: host\n',
      'sub/c.yaml': 'services:\n  other:\n    uts: host\n',
    });
    expect(locate(PRIVILEGED)).toBe('sub/b.yaml:4');
    expect(locate('services.other.uts')).toBe('sub/c.yaml:3');
    expect(locate('services.app.pid')).toBe('a.yaml:4');
  });

  test('is in the service that is extended', async ({ read, expect }) => {
    const { locate } = await read({
      'a.yaml':
        'services:\n  app: { extends: { file: sub/b.yaml, service: app } }\n  near: { extends: far }\n  far:\n    pid: host\n',
      'sub/b.yaml': 'services:\n  app:\n    privileged: true\n',
    });
    expect(locate(PRIVILEGED)).toBe('sub/b.yaml:3');
    expect(locate('services.near.pid')).toBe('a.yaml:5');
  });

  test('is that of an anchor, for an alias and for a merge', async ({ read, expect }) => {
    const { locate } = await read({
      'a.yaml':
        'x-app: &app\n  privileged: true\nx-more: &more\n  pid: host\nservices:\n  app: *app\n  merged:\n    <<: [*app, *more]\n',
    });
    expect(locate(PRIVILEGED)).toBe('a.yaml:2');
    expect(locate('services.merged.pid')).toBe('a.yaml:4');
  });

  test('is that of the entry of a list that mentions a text', async ({ read, expect }) => {
    const { locate } = await read({
      'a.yaml': 'services:\n  app:\n    volumes:\n      - a:/a\n      - { type: bind, source: /b, target: /b }\n',
    });
    expect(locate('services.app.volumes', '/b')).toBe('a.yaml:5');
    expect(locate('services.app.volumes', '/nowhere')).toBe('a.yaml:3');
  });
});

describe('what is taken in from elsewhere', () => {
  test.for([
    'https://host.invalid/a.git',
    'oci://host.invalid/a:1',
    'git@host.invalid:a.git',
    'ssh://git@host.invalid/a',
    'github.com/a/b',
    '../a.git#main:sub',
  ])('is seen: %s', async (url, { read, expect }) => {
    const file = JSON.stringify(url);
    const { lines, locate } = await read({
      'a.yaml': `include:\n  - sound.yaml\n  - ${file}\nservices:\n  app: { extends: { file: ${file}, service: a } }\n`,
    });
    expect(lines.remotes.map(({ key }) => key)).toEqual(['include', 'services.app.extends']);
    expect(locate('include', url)).toBe('a.yaml:3');
  });

  test('is not a file of this machine, and a circle ends', async ({ read, expect }) => {
    const { lines } = await read({ 'a.yaml': 'include: [b.yaml]\n', 'b.yaml': 'include: [{ path: ./a.yaml }]\n' });
    expect(lines.remotes).toEqual([]);
  });
});

test('environment and build arguments are read as they stand', async ({ read, expect }) => {
  const { lines } = await read({
    'a.yaml':
      'services:\n  a: { environment: { A: 1, B: }, build: { args: [C=d=e] } }\n  b: { environment: [F, G=] }\n  c:\n',
  });
  expect(lines.settings).toEqual([
    ['A', '1'],
    ['B', ''],
    ['C', 'd=e'],
    ['F', ''],
    ['G', ''],
  ]);
});
