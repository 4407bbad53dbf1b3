import { randomBytes } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dir } from 'tmp-promise';
import { expect, onTestFinished, test } from 'vitest';
import { keepCredentials, runDocker } from './cli.ts';

test('of the CLI configuration only credentials and proxies are kept', () => {
  const config = { auths: { r: { auth: 'x' } }, credsStore: 'pass', currentContext: 'far', plugins: {}, proxies: {} };
  expect(keepCredentials(JSON.stringify(config))).toEqual({
    auths: config.auths,
    credsStore: 'pass',
    proxies: {},
  });
});

test.each(['', 'not json', 'null', '[]'])('%j is no configuration', (text) => {
  expect(keepCredentials(text)).toEqual({});
});

test('what a command reads and says goes from file to file, byte for byte, for its owner alone', async () => {
  const { path: folder, cleanup } = await dir({ prefix: 'outlast-cli-', unsafeCleanup: true });
  onTestFinished(async () => cleanup());
  const [stdin, stdout] = [join(folder, 'in'), join(folder, 'out')];
  const bytes = randomBytes(300_000);
  await writeFile(stdin, bytes);
  await writeFile(stdout, 'of the last one', { mode: 0o600 });
  const result = await runDocker('sh', ['-c', 'cat; echo said >&2; exit 3'], {}, { stdin, stdout });
  expect(result).toEqual({ exitCode: 3, stdout: '', stderr: 'said' });
  expect(bytes.equals(await readFile(stdout))).toBe(true);
  expect((await stat(stdout)).mode & 0o777).toBe(0o600);
});
