import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, vi } from 'vitest';
import { addProgram, addSsh, CI_PATH } from '../../fixtures/ci-programs.ts';
import { REFERENCE_SETUP } from '../../fixtures/guide/setups.ts';
import { test } from '../../fixtures/outlast.ts';
import { writeSoundReport, type SoundReport } from '../../fixtures/sound-report.ts';
import { readConfig } from '../../helpers/config/config.ts';
import { revisionOf } from '../../helpers/stack/revision.ts';
import { SourceLines } from '../../helpers/stack/source-lines.ts';

const LAUNCHER = fileURLToPath(new URL('../../helpers/cli/launcher.js', import.meta.url));
const COMMIT = 'git add --all && git -c user.name=me -c user.email=me@example.org commit -qm';
const QUICK = { HEALTH_INTERVAL: '200ms' };

describe('what the workflow of the gate deploys with', { timeout: 300_000 }, () => {
  test('deploy.sh brings the server to the commit that was tested, and fails unless all is healthy', async ({
    openWorkspace,
    expect,
  }) => {
    const workspace = await openWorkspace({ ...REFERENCE_SETUP, name: 'reference-deploy' });
    await addSsh(workspace);
    await addProgram(workspace, 'npx', `shift; exec node '${LAUNCHER}' "$@"`);
    await workspace.ok('mkdir -p origin/compose && tar -c --exclude=./origin . | tar -x -C origin/compose');
    /** @returns the hash of a commit with that change */
    const commit = async (name: string, change: string): Promise<string> => {
      await workspace.ok(`cd origin/compose && ${change} && ${COMMIT} ${name}`);
      return workspace.ok('git -C origin rev-parse HEAD');
    };
    await workspace.ok('git -c init.defaultBranch=main init -q origin');
    const first = await commit('first', 'true');
    await workspace.ok('git clone -q origin server && git clone -q origin runner');

    const checkout = join(workspace.folder, 'runner/compose');
    const files = ['compose.yaml', 'compose.beside.yaml', '.outlast.toolbox.json'].map((name) => join(checkout, name));
    const stores = (await readConfig(checkout))?.stores?.map(({ id }) => id) ?? [];
    const check = async (hash: string) => workspace.ok(`git -C runner fetch -q && git -C runner checkout -q ${hash}`);
    /** Leaves a report on what is checked out. */
    const report = async (but?: SoundReport['but']) => {
      // As in the shell of the workspace.
      vi.stubEnv('COMPOSE_PROJECT_NAME', workspace.name);
      const revision = await revisionOf(await SourceLines.read(files), checkout);
      vi.unstubAllEnvs();
      await writeSoundReport(join(workspace.folder, 'report'), { revision, stores, ...(but && { but }) });
    };
    const deployed = async () =>
      workspace.sh(
        `${CI_PATH}; REPORT=report SERVER_HOST=server SERVER_DIR="$PWD/server/compose" sh runner/compose/deploy.sh`,
        QUICK,
      );
    const deploy = async (hash: string) => {
      await check(hash);
      await report();
      return deployed();
    };
    const lastLine = async () => workspace.ok('docker-compose exec -T app tail -n 1 log.ts');
    const head = async () => workspace.ok('git -C server rev-parse HEAD');

    expect(await deploy(first)).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^Allowed\./) });
    expect(await head()).toBe(first);
    await workspace.ask('/api/projects', { name: 'before' });

    const tested = await commit('tested', `echo '// tested' >> app/log.ts`);
    const broken = await commit('broken', `echo 'process.exit(1)' >> app/log.ts`);

    // Nothing reaches the server that the gate has refused.
    await check(tested);
    expect(await deployed()).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('REPORT_OTHER_COMMIT') });
    await report({ disruption: 'down-up', outcome: 'lost', data: 'lost', ok: false, reason: 'rows-missing' });
    expect(await deployed()).toMatchObject({
      exitCode: 1,
      stdout: expect.stringMatching(/^Refused: projects after down-up: lost; db after down-up: lost;/),
    });
    await report();
    await workspace.ok(`sed -i '/repos_data:.repos$/d' runner/compose/compose.yaml`);
    expect(await deployed()).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('REPORT_OTHER_STACK') });
    await workspace.ok('git -C runner checkout -q -- .');
    expect(await head()).toBe(first);

    // The origin is ahead of what was tested.
    expect(await deploy(tested)).toMatchObject({ exitCode: 0 });
    expect([await head(), await lastLine()]).toEqual([tested, '// tested']);
    expect((await workspace.container()).State.Health?.Status).toBe('healthy');
    expect(await workspace.projects()).toEqual(['before']);

    // A commit that was never pushed.
    await workspace.ok(`cd runner && ${COMMIT} unknown --allow-empty`);
    const unknown = await deploy('HEAD');
    expect([unknown.exitCode, unknown.stdout]).toEqual([expect.any(Number), expect.stringMatching(/^Allowed\./)]);
    expect(unknown.exitCode).not.toBe(0);
    expect([await head(), await lastLine()]).toEqual([tested, '// tested']);

    expect((await deploy(broken)).exitCode).not.toBe(0);
    expect(await deploy(tested)).toMatchObject({ exitCode: 0 });
    expect(await workspace.projects()).toEqual(['before']);
  });
});
