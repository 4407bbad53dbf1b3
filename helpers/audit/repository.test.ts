import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { dir } from 'tmp-promise';
import { expect, test as base } from 'vitest';
import { earlierText } from './repository.ts';

const test = base.extend('repository', async ({}, { onCleanup }) => {
  const { path, cleanup } = await dir({ prefix: 'outlast-repository-', unsafeCleanup: true });
  onCleanup(cleanup);
  const file = join(path, 'compose.yaml');
  const git = async (...args: string[]) =>
    execa('git', ['-c', 'user.name=test', '-c', 'user.email=test@example.com', ...args], { cwd: path });
  await git('init', '--quiet');
  return {
    file,
    git,
    commit: async (text: string) => {
      await writeFile(file, text);
      await git('add', '--all');
      await git('commit', '--quiet', '--message', text);
    },
  };
});

test('of a file that is not committed there is nothing before', async ({ repository: { file, commit } }) => {
  expect(await earlierText(file, 'one')).toBeNull();
  await commit('one');
  expect(await earlierText(file, 'one')).toBeNull();
});

test('before a change that is not committed there is what was', async ({ repository: { file, commit } }) => {
  await commit('one');
  await commit('two');
  expect(await earlierText(file, 'three')).toBe('two');
});

test('before a change that is committed there is what the commit before had', async ({
  repository: { file, git, commit },
}) => {
  await commit('one');
  await commit('two');
  await git('commit', '--quiet', '--allow-empty', '--message', 'something else');
  expect(await earlierText(file, 'two')).toBe('one');
});

test('what is missing is not fetched, and nothing is started for it', async ({ repository: { file, git, commit } }) => {
  await commit('one');
  await commit('two');
  const { stdout: blob } = await git('rev-parse', 'HEAD~:compose.yaml');
  const mark = join(file, '../pwned');
  await git('config', 'remote.origin.url', `ext::touch ${mark}`);
  await git('config', 'remote.origin.promisor', 'true');
  await git('config', 'core.repositoryFormatVersion', '1');
  await git('config', 'extensions.partialClone', 'origin');
  await git('config', 'protocol.ext.allow', 'always');
  await execa('rm', ['-f', join(file, '../.git/objects', blob.slice(0, 2), blob.slice(2))]);
  expect(await earlierText(file, 'two')).toBeNull();
  await expect(access(mark)).rejects.toThrow('ENOENT');
});
