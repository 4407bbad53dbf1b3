import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { dir } from 'tmp-promise';
import { expect, test } from 'vitest';
import { findSchema } from './find-schema.ts';
import { SCHEMA_FILE } from './write-schema.ts';

test('the schema is found in the package that a folder above has', async () => {
  await using folder = await dir({ prefix: 'outlast-schema-', unsafeCleanup: true }).then((made) => ({
    path: made.path,
    [Symbol.asyncDispose]: async () => made.cleanup(),
  }));
  const project = join(folder.path, 'project');
  await mkdir(join(project, 'deploy'), { recursive: true });
  const at = (name: string) => findSchema(join(project, name));
  expect(await at('outlast.yaml')).toBeNull();

  const inPackage = SCHEMA_FILE.pathname.split('/').slice(-3).join('/');
  const schema = join(project, 'node_modules/outlast', inPackage);
  await mkdir(dirname(schema), { recursive: true });
  await writeFile(schema, '{}');
  expect(await at('outlast.yaml')).toBe(`./node_modules/outlast/${inPackage}`);
  expect(await at('deploy/outlast.yaml')).toBe(`../node_modules/outlast/${inPackage}`);
});
