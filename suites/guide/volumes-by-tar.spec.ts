import { describe } from 'vitest';
import { note, ran } from '../../fixtures/guide/evidence.ts';
import { counted, start, startAnew, test } from '../../fixtures/guide/stacks.ts';
import type { Workspace } from '../../fixtures/workspace.ts';

const SUBSTITUTE = note('Substitutes: busybox tagged alpine; a folder of another name than the guide has.');
const SAVE = (volume: string) =>
  `docker run --rm -v ${volume}:/source:ro -v $(pwd)/backups:/backup alpine tar czf /backup/repos_backup.tar.gz -C /source .`;
const RESTORE = (volume: string) =>
  `docker run --rm -v ${volume}:/target -v $(pwd)/backups:/backup alpine tar xzf /backup/repos_backup.tar.gz -C /target`;

/** Every path of a volume with owner, mode, size and time, and the sums of its files. */
async function listing(workspace: Workspace, volume: string): Promise<string[]> {
  const list = `cd /v && find . -exec stat -c '%n %u:%g %a %F' {} + && find . -type f -exec sha256sum {} +`;
  return (await workspace.ok(`docker run --rm -v ${volume}:/v:ro alpine sh -c "${list}"`)).split('\n').toSorted();
}

describe('a named volume by tar', { timeout: 300_000 }, () => {
  test('B3: saved and restored, owners and modes too', async ({ stacks, claim, expect }) => {
    const guide = await stacks.guide('recommended');
    const volume = `${guide.name}_repos_data`;
    const fill = [
      'mkdir -p /repos/one /repos/two',
      'echo a > /repos/one/file',
      'echo b > /repos/two/private',
      'chmod 600 /repos/two/private',
      'chmod 2750 /repos/two',
      'ln -s ../one/file /repos/two/link',
    ].join(' && ');
    await guide.ok(`docker-compose exec -T app sh -c "${fill}"`);
    await guide.ok(
      `docker-compose exec -T --user 0:0 app sh -c 'echo c > /repos/one/of-root && chown 7:8 /repos/one/of-root'`,
    );
    const before = await listing(guide, volume);

    const wrong = await guide.sh(SAVE('pcg-cc-mcp_repos_data'));
    const inWrong = await guide.ok('tar tzf backups/repos_backup.tar.gz');
    await guide.ok('docker volume rm pcg-cc-mcp_repos_data');

    const saved = await guide.sh(SAVE(volume));
    await guide.ok(
      `docker-compose exec -T app sh -c 'echo late > /repos/one/stranger; echo changed > /repos/one/file'`,
    );
    const over = await guide.sh(RESTORE(volume));
    const afterOver = await listing(guide, volume);
    const strangers = afterOver.filter((line) => !before.includes(line));
    await guide.ok('docker-compose rm -sf app');
    await guide.ok(`docker volume rm ${volume}`);
    const empty = await guide.sh(RESTORE(volume));
    const afterEmpty = await listing(guide, volume);
    const differing = afterEmpty.filter((line) => !before.includes(line));
    const roundTrip = JSON.stringify(afterEmpty) === JSON.stringify(before);
    await guide.ok('docker-compose down --volumes --timeout 0');

    const reference = await stacks.reference();
    await startAnew(reference);
    const tool = 'docker-compose run --rm --no-deps -T --user 0:0 --entrypoint sh app -c';
    const one = `fetch('http://127.0.0.1:3001/api/repos', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name: 'one' }) }).then((answer) => console.log(answer.status))`;
    await reference.ok(`docker-compose exec -T app node -e "${one}"`);
    const real = 'outlast-reference_repos_data';
    const repositories = await listing(reference, real);
    await reference.ok('docker-compose stop --timeout 0 app');
    const save = await reference.sh(`${tool} 'tar czf /backups/repos.tar.gz -C /repos .'`);
    await reference.ok(`${tool} 'echo late > /repos/stranger'`);
    const restore = await reference.sh(
      `${tool} 'find /repos -mindepth 1 -maxdepth 1 -exec rm -rf {} + && tar xzf /backups/repos.tar.gz -C /repos'`,
    );
    const back = await listing(reference, real);
    await start(reference);
    const fsck = await reference.sh(
      'docker-compose exec -T app git -C /repos/one.git fsck --full || docker-compose exec -T app git -C /repos/one fsck --full',
    );
    const right = JSON.stringify(back) === JSON.stringify(repositories);

    const verdict = claim(
      'B3',
      { asWritten: inWrong.includes('one') && strangers.length === 0 && roundTrip, withFix: right },
      [
        SUBSTITUTE,
        ran(wrong),
        note(
          `the volume of that name was made on the spot, exit 0; the archive holds: ${inWrong.split('\n').join(' ')}`,
        ),
        ran(saved),
        ran(over),
        counted(
          `restored over what was there: ${strangers.length} lines are not of the archive: ${strangers.slice(0, 3).join('; ')}`,
        ),
        ran(empty),
        counted(
          `restored into an empty volume, with its real name: paths, owners, modes and sums the same: ${roundTrip}; differing: ${differing.join('; ')}`,
        ),
        ran(save),
        ran(restore),
        counted(`reference: named by its service and not by its prefix, emptied first: the same: ${right}`),
        ran(fsck),
      ],
    );
    // Files and folders come back as they were; this tar gives symbolic links to root.
    expect.soft(differing.every((line) => line.includes('symbolic link'))).toBe(true);
    expect.soft(afterEmpty).toHaveLength(before.length);
    expect.soft(strangers).not.toEqual([]);
    expect.soft(fsck.exitCode).toBe(0);
    expect(verdict).toBe('holds-with-fix');
  });
});
