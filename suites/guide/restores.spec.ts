import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe } from 'vitest';
import { contentOf, sameContent } from '../../fixtures/guide/content.ts';
import { note, ran } from '../../fixtures/guide/evidence.ts';
import { counted, start, startAnew, test, writeRows, writeTo } from '../../fixtures/guide/stacks.ts';
import { alarmNames, healthOf, restore } from '../../fixtures/reference-app.ts';
import { logLine } from '../../fixtures/service-log.ts';
import { inOrder, type Said, type Workspace } from '../../fixtures/workspace.ts';
import { compareCopy, type Comparison, filesIn, inWords, isGood, PROJECTS, rowsIn } from '../../fixtures/write-load.ts';

const SUBSTITUTE = note(
  'Substitutes: Node and better-sqlite3 (WAL) for Rust and SQLx; busybox tagged alpine; sqlite3 is added to the image.',
);
const DATABASE = '/app/dev_assets/db.sqlite';
const BACK_UP = 'docker-compose run --rm --no-deps -T backup node backup/now.ts';

/** A backup under write load, what `then` makes of it, and what is served in the end. */
async function afterBackup(
  workspace: Workspace,
  backUp: string,
  then: () => Promise<Said[]>,
): Promise<{ backup: Said; steps: Said[]; comparison: Comparison }> {
  await using load = await writeTo(workspace);
  const { span, result: backup } = await load.during(async () => workspace.sh(backUp));
  await load.stop();
  const steps = await then();
  await using probe = await workspace.probe();
  return { backup, steps, comparison: compareCopy(load.attempts(), span, await probe.read(PROJECTS)) };
}

describe('restores', { timeout: 300_000 }, () => {
  test('B2a: stop, copy the backup over the database, start', async ({ stacks, claim, expect }) => {
    const guide = await stacks.guide('recommended');
    const backUp = `docker-compose exec -T app sh -c "sqlite3 ${DATABASE} '.backup /backups/db_backup_20251119_120000.sqlite'"`;
    const sequence = async (first: readonly string[]) => {
      await startAnew(guide);
      return afterBackup(guide, backUp, async () => {
        const said = await inOrder(guide, [
          ...first,
          'docker-compose stop app',
          'cp backups/db_backup_20251119_120000.sqlite dev_assets/db.sqlite',
          'cd dev_assets && ls -s db.sqlite*',
          'docker-compose start app',
        ]);
        await logLine(guide, 'app', (line) => line.includes('listening'), { times: 2 });
        return said;
      });
    };
    const plain = await sequence([]);
    // A disaster is no orderly end: an app that was killed leaves its -wal where it is.
    const killed = await sequence(['docker-compose kill app']);
    await guide.ok('docker-compose stop --timeout 0');

    const reference = await stacks.reference();
    await startAnew(reference);
    const right = await afterBackup(reference, BACK_UP, async () => {
      const said = await inOrder(reference, ['docker-compose kill app', 'cd dev_assets && ls -s db.sqlite*']);
      said.push(await restore(reference, 'latest'));
      await start(reference);
      return said;
    });
    const asWritten = isGood(plain.comparison) && isGood(killed.comparison);
    const verdict = claim('B2a', { asWritten, withFix: isGood(right.comparison) }, [
      SUBSTITUTE,
      note('as written, after an app that ends in order, and so has folded its -wal into the database:'),
      ...[plain.backup, ...plain.steps].map((said) => ran(said)),
      counted(`as written, after the start: ${inWords(plain.comparison)}`),
      note(
        'as written, after an app that was killed, as in a crash; its -wal lies beside the copy and is replayed over it:',
      ),
      ...[killed.backup, ...killed.steps].map((said) => ran(said)),
      counted(`as written, after the start: ${inWords(killed.comparison)}`),
      note('the reference stack, after an app that was killed:'),
      ...[right.backup, ...right.steps].map((said) => ran(said)),
      counted(`reference, after the start: ${inWords(right.comparison)}`),
    ]);
    expect.soft(isGood(plain.comparison)).toBe(true);
    expect.soft(killed.comparison.afterFound).toBeGreaterThan(0);
    expect(verdict).toBe('holds-with-fix');
  });

  test('B2b: pipe a dump through exec', async ({ stacks, claim, expect }) => {
    const guide = await stacks.guide('recommended');
    await startAnew(guide);
    const pipe = `cat backups/full.sql | docker-compose exec -T app sh -c "sqlite3 ${DATABASE}"`;
    const dump = `docker-compose exec -T app sh -c "sqlite3 ${DATABASE} .dump" > backups/full.sql`;
    const written = await afterBackup(guide, dump, async () => {
      const said = await inOrder(guide, ['docker-compose stop app', pipe, 'docker-compose start app']);
      await logLine(guide, 'app', (line) => line.includes('listening'), { times: 2 });
      return [...said, await guide.sh(pipe)];
    });
    const [, intoStopped, , intoRunning] = written.steps;
    await guide.ok('docker-compose stop --timeout 0');

    const reference = await stacks.reference();
    await startAnew(reference);
    const dumpToo = 'docker-compose exec -T app node backup/dump.ts > backups/full.sql';
    const right = await afterBackup(reference, dumpToo, async () => {
      const said = await inOrder(reference, ['docker-compose stop app']);
      said.push(await restore(reference, '/backups/full.sql'));
      await start(reference);
      return said;
    });
    const verdict = claim(
      'B2b',
      { asWritten: intoStopped?.exitCode === 0 && isGood(written.comparison), withFix: isGood(right.comparison) },
      [
        SUBSTITUTE,
        ...[written.backup, ...written.steps].map((said) => ran(said)),
        counted(`as written, in the end: ${inWords(written.comparison)}`),
        ...[right.backup, ...right.steps].map((said) => ran(said)),
        counted(`reference: ${inWords(right.comparison)}`),
      ],
    );
    expect.soft(intoStopped?.exitCode).not.toBe(0);
    expect.soft(intoRunning?.exitCode).not.toBe(0);
    expect(verdict).toBe('holds-with-fix');
  });

  test('T5, K6: recover from the latest backup', async ({ stacks, claim, expect }) => {
    const guide = await stacks.guide('recommended');
    await startAnew(guide);
    const copy = 'cp backups/db_backup_latest.sqlite dev_assets/db.sqlite';
    let kept: string[] = [];
    let latest: Comparison;
    {
      await using load = await writeTo(guide);
      const { span } = await load.during(async () => {
        await guide.ok('docker-compose up -d --no-deps db-backup');
        await logLine(guide, 'db-backup', (line) => line.includes('Backup created'));
      });
      kept = await filesIn(join(guide.folder, 'backups'), /./);
      latest = compareCopy(
        load.attempts(),
        span,
        await rowsIn(join(guide.folder, 'backups', kept[0] ?? '')).catch(() => []),
      );
    }
    const [down, failed] = await inOrder(guide, ['docker-compose down -v --timeout 0', copy]);

    const reference = await stacks.reference();
    await startAnew(reference);
    const right = await afterBackup(reference, BACK_UP, async () => {
      // The folder of the database is a bind mount, which `down -v` keeps: it is destroyed besides.
      const said = await inOrder(reference, ['docker-compose down -v --timeout 0', 'rm -rf dev_assets/*']);
      said.push(await restore(reference, 'latest'));
      await start(reference);
      return said;
    });
    const restored = isGood(right.comparison);
    const t5 = claim('T5', { asWritten: failed?.exitCode === 0, withFix: restored }, [
      SUBSTITUTE,
      note(`what the backup service of the guide makes: ${kept.join(', ')}`),
      ...[down, failed].flatMap((said) => (said ? [ran(said)] : [])),
      ...right.steps.map((said) => ran(said)),
      counted(`reference: ${inWords(right.comparison)}`),
    ]);
    const k6 = claim('K6', { asWritten: isGood(latest), withFix: restored }, [
      note('the check: a backup under write load, everything destroyed, a restore into nothing, then row by row'),
      counted(`reference: passed: ${inWords(right.comparison)}`),
      counted(`the newest file of the guide's service fails the same check: ${inWords(latest)}`),
    ]);
    expect.soft(isGood(latest)).toBe(false);
    expect([t5, k6]).toEqual(['holds-with-fix', 'holds-with-fix']);
  });
});

interface Bad {
  readonly what: string;
  readonly code: string;
  /** Makes `backups/bad.sqlite` or `backups/bad.sql` out of a good one, `$good`. */
  readonly make: string;
  readonly file: string;
}

const BAD: readonly Bad[] = [
  { what: 'a backup that is missing', code: 'backup-missing', make: 'true', file: 'nowhere.sqlite' },
  { what: 'an empty one', code: 'backup-empty', make: ': > backups/bad.sqlite', file: 'bad.sqlite' },
  {
    what: 'one that was cut off',
    code: 'backup-damaged',
    make: 'head -c 9000 $good > backups/bad.sqlite',
    file: 'bad.sqlite',
  },
  {
    what: 'a dump that was cut off',
    code: 'backup-damaged',
    make: 'docker-compose run --rm --no-deps -T app node backup/dump.ts | head -n 12 > backups/bad.sql',
    file: 'bad.sql',
  },
];

describe('bad input to the restore of the reference stack', { timeout: 300_000 }, () => {
  test('each ends with its code, and the live data is as it was', async ({ stacks, expect }) => {
    const reference = await stacks.reference();
    await startAnew(reference);
    await writeRows(reference, 10);
    await reference.ok(BACK_UP);
    const backups = join(reference.folder, 'backups');
    const [good = ''] = await filesIn(backups, /^db-.*sqlite$/);
    const before = contentOf(reference);
    const running = await restore(reference, `/backups/${good}`);
    expect.soft(running.stdout + running.stderr).toContain('"code":"database-in-use"');
    expect.soft(running.exitCode).toBe(1);

    await reference.ok('docker-compose stop app');
    for (const { what, code, make, file } of BAD) {
      await reference.ok(`good=backups/${good}; ${make}`);
      const said = await restore(reference, `/backups/${file}`);
      expect.soft(said.stdout + said.stderr, what).toContain(`"code":"${code}"`);
      expect.soft(said.exitCode, what).toBe(1);
      expect.soft(sameContent(before, contentOf(reference)), what).toBe(true);
    }

    await reference.ok(`cp backups/${good} backups/bad.sqlite`);
    const newer = new Database(join(backups, 'bad.sqlite'));
    newer.prepare("INSERT INTO schema_migrations VALUES (99, '0099-from-tomorrow.sql', '')").run();
    newer.close();
    const said = await restore(reference, '/backups/bad.sqlite');
    expect.soft(said.stdout + said.stderr).toContain('"code":"schema-too-new"');
    expect(sameContent(before, contentOf(reference))).toBe(true);
    await start(reference);
  });

  test('a full backup disk: the old one is kept, the data untouched, an alarm raised', async ({
    stacks,
    expect,
    onTestFinished,
  }) => {
    const reference = await stacks.reference();
    await startAnew(reference);
    const backups = join(reference.folder, 'backups');
    await reference.ok('docker-compose stop --timeout 0');
    const mounted = await stacks.inHost([
      'mount',
      '-t',
      'tmpfs',
      '-o',
      'size=256k,uid=1001,gid=1001',
      'tmpfs',
      backups,
    ]);
    expect(mounted.exitCode).toBe(0);
    onTestFinished(async () => {
      await reference.sh('docker-compose rm -sf');
      await stacks.inHost(['umount', backups]);
    });
    await start(reference, { ALARM_DISK_PERCENT: '90' });
    await writeRows(reference, 50);
    const before = contentOf(reference);
    await reference.ok(BACK_UP);
    const list = 'docker-compose exec -T app sh -c "ls /backups"';
    const old = (await reference.ok(list)).split('\n').find((name) => name.startsWith('db-')) ?? '';
    const quiet = await alarmNames(reference);
    // All but the few pages that the status takes.
    const free = Number((await reference.ok('docker-compose exec -T app df -Pk /backups')).split(/\s+/).at(-3));
    await reference.ok(
      `docker-compose exec -T app dd if=/dev/zero of=/backups/filler bs=4k count=${Math.floor((free - 12) / 4)}`,
    );
    const failed = await reference.sh(BACK_UP);
    const { status, alarms } = await healthOf(reference);
    expect.soft(quiet).not.toContain('backup-failed');
    expect.soft(failed.exitCode).toBe(1);
    expect.soft(alarms.map(({ alarm }) => alarm)).toEqual(expect.arrayContaining(['backup-failed', 'disk-space']));
    expect.soft(status).toBe('ok');
    expect.soft(await reference.ok(list)).toContain(old);
    expect(sameContent(before, contentOf(reference))).toBe(true);
  });
});
