import { describe } from 'vitest';
import { addSsh, CI_PATH } from '../../fixtures/ci-programs.ts';
import { REFERENCE_SETUP } from '../../fixtures/guide/setups.ts';
import { test } from '../../fixtures/outlast.ts';

const COMMIT = 'git add --all && git -c user.name=me -c user.email=me@example.org commit -qm';
const QUICK = { HEALTH_INTERVAL: '200ms' };

describe('what the workflow of the gate deploys with', { timeout: 300_000 }, () => {
  test('deploy.sh brings the server to the commit that was tested, and fails unless all is healthy', async ({
    openWorkspace,
    expect,
  }) => {
    const workspace = await openWorkspace({ ...REFERENCE_SETUP, name: 'reference-deploy' });
    await addSsh(workspace);
    await workspace.ok('mkdir -p origin/compose && tar -c --exclude=./origin . | tar -x -C origin/compose');
    /** @returns the hash of a commit with that change */
    const commit = async (name: string, change: string): Promise<string> => {
      await workspace.ok(`cd origin/compose && ${change} && ${COMMIT} ${name}`);
      return workspace.ok('git -C origin rev-parse HEAD');
    };
    await workspace.ok('git -c init.defaultBranch=main init -q origin');
    const first = await commit('first', 'true');
    await workspace.ok('git clone -q origin server');
    const deploy = async (hash: string) =>
      workspace.sh(
        `${CI_PATH}; COMMIT=${hash} SERVER_HOST=server SERVER_DIR="$PWD/server/compose" sh deploy.sh`,
        QUICK,
      );
    const lastLine = async () => workspace.ok('docker-compose exec -T app tail -n 1 log.ts');
    const head = async () => workspace.ok('git -C server rev-parse HEAD');

    expect(await deploy(first)).toMatchObject({ exitCode: 0 });
    expect(await head()).toBe(first);
    await workspace.ask('/api/projects', { name: 'before' });

    const tested = await commit('tested', `echo '// tested' >> app/log.ts`);
    const broken = await commit('broken', `echo 'process.exit(1)' >> app/log.ts`);
    // The origin is ahead of what was tested.
    expect(await deploy(tested)).toMatchObject({ exitCode: 0 });
    expect([await head(), await lastLine()]).toEqual([tested, '// tested']);
    expect((await workspace.container()).State.Health?.Status).toBe('healthy');
    expect(await workspace.projects()).toEqual(['before']);

    const unknown = await deploy('0123456789012345678901234567890123456789');
    expect(unknown.exitCode).not.toBe(0);
    expect([await head(), await lastLine()]).toEqual([tested, '// tested']);

    expect((await deploy(broken)).exitCode).not.toBe(0);
    expect(await deploy(tested)).toMatchObject({ exitCode: 0 });
    expect(await workspace.projects()).toEqual(['before']);
  });
});
