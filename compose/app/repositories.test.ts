import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Repositories } from './repositories.ts';
import { post, startProcess, temporaryFolders } from './test-app.ts';

const hasGit = (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(join(folder, 'git')));
const git = (cwd: string, ...args: string[]) => execFileSync('git', args, { cwd, encoding: 'utf8', stdio: 'pipe' });

test.runIf(hasGit)('the API makes real repositories with real commits', async () => {
  using folders = temporaryFolders();
  await using app = startProcess('server.ts', folders);
  const repos = `${await app.url()}/api/repos`;

  expect(await post(repos, { name: 'notes' })).toEqual({ status: 201, body: { name: 'notes' } });
  expect(await post(repos, { name: 'notes' })).toMatchObject({ status: 409 });
  expect(await (await fetch(`${repos}/notes/commits`)).json()).toEqual([]);
  const made = await post(`${repos}/notes/commits`, { path: 'a/b.txt', content: 'one\n', message: 'add b' });
  expect(made).toMatchObject({ status: 201, body: { id: expect.stringMatching(/^[0-9a-f]{40}$/), message: 'add b' } });
  // At once and on the same repository: they queue up.
  const later = ['c', 'd', 'e'].map((path) =>
    post(`${repos}/notes/commits`, { path, content: path, message: `add ${path}` }),
  );
  expect((await Promise.all(later)).map(({ status }) => status)).toEqual([201, 201, 201]);

  const repository = join(folders.repos, 'notes');
  git(repository, 'fsck', '--full', '--strict');
  expect(git(repository, 'show', 'HEAD:a/b.txt')).toBe('one\n');
  expect(git(repository, 'status', '--porcelain')).toBe('');
  const ids = git(repository, 'rev-list', 'HEAD').trim().split('\n');
  expect(ids).toHaveLength(4);
  expect(await (await fetch(`${repos}/notes/commits`)).json()).toMatchObject(ids.map((id) => ({ id })));
});

test.runIf(hasGit)('what would leave the folder, hide or harm is refused', async () => {
  using folders = temporaryFolders();
  await using app = startProcess('server.ts', folders);
  const repos = `${await app.url()}/api/repos`;
  await post(repos, { name: 'r' });
  const change = { path: 'x', content: '', message: 'm' };

  for (const name of ['../out', '.git', 'a/b', '-x', '']) {
    expect(await post(repos, { name })).toMatchObject({ status: 400 });
  }
  for (const path of ['../x', 'a/../../x', '.git/config', 'a/.git/config', '/etc/passwd', '']) {
    expect(await post(`${repos}/r/commits`, { ...change, path })).toMatchObject({ status: 400 });
  }
  expect(await post(`${repos}/r/commits`, { ...change, message: 'a\nb' })).toMatchObject({ status: 400 });

  expect(readdirSync(folders.root).toSorted()).toEqual(['backups', 'dev_assets', 'repos']);
  expect(readdirSync(folders.repos)).toEqual(['r']);
  expect(await (await fetch(`${repos}/r/commits`)).json()).toEqual([]);
});

test('an unknown repository is 404', async () => {
  using folders = temporaryFolders();
  await using app = startProcess('server.ts', folders);
  expect((await fetch(`${await app.url()}/api/repos/none/commits`)).status).toBe(404);
});

test.runIf(hasGit)('what a crash left behind does not block the next commit', async () => {
  using folders = temporaryFolders();
  const before = new Repositories(folders.repos);
  await before.create('notes');
  await before.commit('notes', { path: 'a', content: '1', message: 'first' });
  for (const lock of ['index.lock', 'HEAD.lock', 'refs/heads/main.lock']) {
    writeFileSync(join(folders.repos, 'notes/.git', lock), '');
  }
  mkdirSync(join(folders.repos, '.new-half'));

  const after = new Repositories(folders.repos);
  await after.commit('notes', { path: 'a', content: '2', message: 'second' });
  expect((await after.commits('notes')).map(({ message }) => message)).toEqual(['second', 'first']);
  expect(readdirSync(folders.repos)).toEqual(['notes']);
});
