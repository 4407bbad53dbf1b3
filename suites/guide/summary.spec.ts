import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe } from 'vitest';
import { databasesInImage, mountedAt, namedVolumeAt, writableBy } from '../../fixtures/guide/checks.ts';
import { TAKEAWAYS } from '../../fixtures/guide/claims.ts';
import { note, ran, SUBSTITUTES } from '../../fixtures/guide/evidence.ts';
import { guideSetup } from '../../fixtures/guide/setups.ts';
import { test } from '../../fixtures/outlast.ts';
import type { ProjectModel } from '../../helpers/stack/project-model.ts';

describe("the guide's summary", { timeout: 300_000 }, () => {
  test('Y1: all four conditions hold, and data is lost all the same', async ({ openWorkspace, claim, expect }) => {
    const workspace = await openWorkspace({ ...guideSetup('recommended'), name: 'guide-recommended' });
    await workspace.ok('chown -R 1001:1001 dev_assets && docker-compose build app');
    await workspace.ok('docker-compose up -d app && docker-compose up -d --no-deps db-backup', {
      BACKUP_INTERVAL: '1',
    });
    await workspace.ask('/api/projects', { name: 'kept' });
    const commit = await workspace.sh(
      `docker-compose exec -T app sh -c 'cd /repos && git init -q project && cd project && echo text > file && git add file && git -c user.name=me -c user.email=me@example.org commit -qm "a day of work" && git log --oneline'`,
    );

    // The four conditions, each by its check.
    const model = JSON.parse(await workspace.ok('docker-compose config --format json')) as ProjectModel;
    const mounts = [mountedAt(model, 'app', '/app/dev_assets'), namedVolumeAt(model, 'app', '/repos')];
    // A database that was closed is whole in its one file; what `cp` takes of a live one is another claim (F4a).
    await workspace.ok('docker-compose stop app && rm -f backups/*.sqlite');
    // With a second one there, the first is complete.
    const backup = await workspace.sh(
      'until ls backups/*.sqlite 2>/dev/null | sed -n 2p | grep .; do sleep 0.2; done; docker-compose stop --timeout 0 db-backup',
    );
    await workspace.ok('cp "$(ls backups/*.sqlite | head -1)" restored.sqlite');
    const restored = new Database(join(workspace.folder, 'restored.sqlite'), { readonly: true });
    const tested = restored.prepare('SELECT name FROM projects').pluck().all();
    restored.close();
    const restores = tested.join() === 'kept';
    const permissions = await writableBy(1001, 1001, [join(workspace.folder, 'dev_assets')]);
    const databases = await databasesInImage(workspace.host.docker, 'guide-recommended-app');
    await workspace.ok('docker-compose start app');

    const down = await workspace.sh('docker-compose down -v --timeout 2');
    await workspace.ok('docker-compose up -d app');
    const database = await workspace.projects();
    const repos = await workspace.sh('docker-compose exec -T app ls -A /repos');
    const inBackups = await workspace.sh('ls backups');
    const conditions = mounts.every(({ ok }) => ok) && restores && permissions.ok && databases.length === 0;
    const lost = repos.exitCode === 0 && repos.stdout === '';
    claim('Y1', { asWritten: conditions ? !lost : null }, [
      SUBSTITUTES,
      ...TAKEAWAYS.map(({ says, decidedBy }) => note(`"${says}" is decided by ${decidedBy.join(', ')}`)),
      note(`mounts: ${mounts.map(({ evidence }) => evidence).join('; ')}`),
      ran({ ...backup, stderr: '', command: 'the backup service, every second' }, 1),
      note(`restored from a backup: ${tested.join(', ')}`),
      note(`permissions: ${permissions.evidence}`),
      note(`databases in the image: ${databases.length}`),
      ran(commit, 1),
      ran(down, 2),
      note(`the database came back with ${database.join(', ')}`),
      ran(repos),
      ran(inBackups, 2),
      note(
        'All four held. The repositories are gone: nothing backs up the named volume, and no condition asks what a backup leaves out.',
      ),
    ]);
    expect(tested).toEqual(['kept']);
    expect(mounts.map(({ ok }) => ok)).toEqual([true, true]);
    expect([permissions.ok, databases]).toEqual([true, []]);
    expect(commit.exitCode).toBe(0);
    expect(database).toEqual(['kept']);
    expect(repos).toMatchObject({ exitCode: 0, stdout: '' });
    expect(TAKEAWAYS).toHaveLength(7);
  });
});
