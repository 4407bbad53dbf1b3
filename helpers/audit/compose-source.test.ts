import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dir } from 'tmp-promise';
import { describe, expect, test } from 'vitest';
import { ComposeDocument, ComposeSource, readComposeSource, targetOf } from './compose-source.ts';

const source = (...texts: readonly string[]) =>
  new ComposeSource(texts.map((text, index) => new ComposeDocument(`/${index}.yaml`, text)));

describe('locate', () => {
  test('finds what an anchor or a merge has brought in', () => {
    const files = source(`x-base: &base
  restart: always
services:
  app:
    <<: *base
    volumes: &v
      - data:/data
  job:
    volumes: *v
`);
    expect(files.locate('services', 'app', 'restart')?.line).toBe(2);
    expect(files.locateMount('job', '/data')?.line).toBe(7);
  });

  test('the last file has the last word, and what it does not say the one before it does', () => {
    const files = source('services:\n  app:\n    image: a\n    user: x\n', 'services:\n  app:\n    image: b\n');
    expect(files.locate('services', 'app', 'image')).toEqual({ file: '/1.yaml', line: 3 });
    expect(files.locate('services', 'app', 'user')).toEqual({ file: '/0.yaml', line: 4 });
  });

  test('what is not written is at what is nearest above it', () => {
    expect(source('services:\n  app:\n    image: a\n').locate('services', 'app', 'restart')?.line).toBe(2);
  });
});

test('scalars are found wherever anchors and merges have them from, each once', () => {
  const text = `x-base: &base
  environment: &settings { A: one, more: [two] }
services:
  app: { <<: *base, image: no }
  job: { environment: { <<: *settings, B: three } }
  odd: { environment: &odd { C: four, D: *odd } }
`;
  const ranges = new ComposeDocument('/a.yaml', text).scalarsAt(['services', '*', 'environment']);
  expect(ranges.map(([start, end]) => text.slice(start, end))).toEqual(['one', 'two', 'three', 'four']);
});

test.for([
  ['data:/data', '/data'],
  ['./data:/data/:ro', '/data'],
  ['/data', '/data'],
  ['${DATA:-./data}:/data:rw', '/data'],
  [{ type: 'volume', target: '/data/' }, '/data'],
  [7, null],
] as const)('the target of %j is %s', ([mount, target]) => {
  expect(targetOf(mount)).toBe(target);
});

test('files that include and extend each other are read once', async ({ onTestFinished }) => {
  const { path, cleanup } = await dir({ prefix: 'outlast-source-', unsafeCleanup: true });
  onTestFinished(async () => cleanup());
  await writeFile(join(path, 'a.yaml'), 'include: [b.yaml]\nservices:\n  a: { image: a }\n');
  await writeFile(
    join(path, 'b.yaml'),
    'include: [a.yaml]\nservices:\n  b: { extends: { file: c.yaml, service: c } }\n',
  );
  await writeFile(join(path, 'c.yaml'), 'services:\n  c: { image: c }\n');
  const { documents } = await readComposeSource([join(path, 'a.yaml')]);
  expect(documents.map(({ file }) => file.slice(path.length + 1)).toSorted()).toEqual(['a.yaml', 'b.yaml', 'c.yaml']);
});

test.for([
  ['an anchor that is not there', 'a: *nowhere\n'],
  ['a merge of what is no map', 'a: &a 1\nb:\n  <<: *a\n'],
] as const)('%s has no content, and breaks nothing', ([, text]) => {
  expect(new ComposeDocument('/compose.yaml', text).content).toBeUndefined();
});
