import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { dir } from 'tmp-promise';
import { describe, expect, test, type TestContext } from 'vitest';
import { outlastHome } from '../home.ts';
import { openComposeCli } from '../host/compose-cli.ts';
import { resolveProject } from '../stack/project-model.ts';
import { auditProject } from './audit-project.ts';
import type { Finding } from './finding.ts';
import { LOOKS_LIKE_BACKUP } from '../discovery/looks-like-backup.ts';
import { PREDICTION_REFUTED } from './prediction-refuted.ts';
import { RULES } from './rules/catalogue.ts';

const PAGES = fileURLToPath(new URL('../../docs/rules/', import.meta.url));
const cli = openComposeCli(await outlastHome());

/** The files of an example: code blocks with a name behind their language. */
function filesIn(section: string): Map<string, string> {
  return new Map(
    [...section.matchAll(/^```\w+ (\S+)\n([^]*?)^```$/gm)].map(([, name = '', text = '']) => [name, text]),
  );
}

/** Before the name of a file that is committed, and changed since. */
const COMMITTED = 'HEAD:';

async function findingsIn(
  files: ReadonlyMap<string, string>,
  platform: NodeJS.Platform,
  { onTestFinished }: TestContext,
): Promise<Finding[]> {
  const folder = await dir({ prefix: 'outlast-rule-', unsafeCleanup: true });
  onTestFinished(async () => folder.cleanup());
  const root = join(folder.path, 'shop');
  const lay = async (wanted: (name: string) => string | null) => {
    for (const [name, text] of files) {
      const path = wanted(name);
      if (path === null) continue;
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text);
    }
    await execa('git', ['init', '--quiet'], { cwd: root });
    await execa('git', ['add', '--all'], { cwd: root });
  };
  const committed = [...files.keys()].filter((name) => name.startsWith(COMMITTED));
  if (committed.length > 0) {
    await mkdir(root, { recursive: true });
    await lay((name) => (name.startsWith(COMMITTED) ? name.slice(COMMITTED.length) : null));
    const author = ['-c', 'user.name=test', '-c', 'user.email=test@example.com'];
    await execa('git', [...author, 'commit', '--quiet', '--message', 'before'], { cwd: root });
  }
  await lay((name) => (name.startsWith(COMMITTED) ? null : name));
  const file = [...files.keys()].find((name) => basename(name) === 'compose.yaml') ?? '';
  const compose = { files: [join(root, file)], folder: dirname(join(root, file)) };
  const model = await resolveProject(await cli, compose);
  const { findings } = await auditProject(model, { compose, docker: null, platform });
  return findings.map((finding) => ({
    ...finding,
    file: finding.file === null ? null : relative(root, join(compose.folder, finding.file)),
  }));
}

const pageOf = async (id: string): Promise<string> => readFile(join(PAGES, `${id}.md`), 'utf8');

/** What only a run finds. */
const OF_A_RUN = [PREDICTION_REFUTED, LOOKS_LIKE_BACKUP];

test('every rule has a page, and every page a rule', async () => {
  const ids = [...RULES, ...OF_A_RUN].map(({ id }) => id);
  expect((await readdir(PAGES)).toSorted()).toEqual(ids.map((id) => `${id}.md`).toSorted());
});

test('docs/audit.md links each rule at its hazard', async () => {
  const text = await readFile(join(PAGES, '../audit.md'), 'utf8');
  const rows = [...text.matchAll(/^\| (\d+) \| [^|]+ \| (.*) \|$/gm)];
  const linked = rows.flatMap(([, hazard, cell = '']) =>
    [...cell.matchAll(/\[`([^`]+)`\]\(rules\/\1\.md\)/g)].map(([, id]) => `${hazard} ${id}`),
  );
  expect(linked).toEqual(expect.arrayContaining(RULES.map(({ id, hazard }) => `${hazard} ${id}`)));
  expect(rows.filter(([, , cell]) => cell === '')).toEqual([]);
});

describe('the page', () => {
  test.for([...RULES, ...OF_A_RUN].map((rule) => [rule.id, rule] as const))(
    '%s says what the rule says',
    async ([id, rule]) => {
      const page = await pageOf(id);
      expect(page.split('\n')[0]).toBe(`# ${id}`);
      expect(page).toContain(`Severity: ${rule.severity}.`);
      expect(page).toContain(rule.hazard === null ? 'No hazard of its own.' : `[Hazard ${rule.hazard}](../audit.md).`);
      expect(page).toContain(rule.why);
      expect(page).toContain(`**Fix:** ${rule.fix}`);
    },
  );
});

describe.concurrent('the examples of', () => {
  test.for(RULES.map(({ id }) => id))('%s', async (id, context) => {
    const [, found = '', sound = ''] = (await pageOf(id)).split(/^## (?:Found|Not found)$/m);
    const at = /^At `([^`]+)`:$/m.exec(found)?.[1];
    const platform = id === 'database-on-shared-bind' ? 'darwin' : 'linux';
    const places = (findings: readonly Finding[]) =>
      findings.filter(({ rule }) => rule === id).map(({ file, line }) => `${file}:${line}`);
    expect(places(await findingsIn(filesIn(found), platform, context))).toEqual([at]);
    expect(places(await findingsIn(filesIn(sound), platform, context))).toEqual([]);
  });
});

const VOLUME = 'volumes:\n  data:\n';
const withScript = (name: string, text: string): Record<string, string> => ({
  [name]: text,
  'compose.yaml': `name: shop\nservices:\n  app:\n    image: app:1\n    volumes: ['data:/data']\n${VOLUME}`,
});
const withService = (service: string, more: Record<string, string> = {}): Record<string, string> => ({
  ...more,
  'compose.yaml': `name: shop\nservices:\n  app: ${service}\n${VOLUME}`,
});
const withBackupService = (commands: string): Record<string, string> => ({
  'compose.yaml': `name: shop\nservices:\n  app: { image: app:1, volumes: ['data:/data'] }\n  backup:\n    image: app:1\n    volumes: ['data:/data:ro']\n    command: ${JSON.stringify(['sh', '-c', commands.replaceAll('$', '$$$$')])}\n${VOLUME}`,
});
const OWN_POSTGRES = {
  Dockerfile: 'FROM debian:13\nENV PGDATA=/var/lib/postgresql/18/docker\nVOLUME /var/lib/postgresql\n',
};

/** What the pages do not show: the rule, the files, and what is to be found. */
const CASES: readonly (readonly [what: string, rule: string, Record<string, string>, readonly string[]])[] = [
  [
    'a script that stops',
    'down-volumes-in-script',
    withScript('stop.sh', 'docker compose down -v'),
    ['error stop.sh:1'],
  ],
  [
    'a script that says so',
    'down-volumes-in-script',
    withScript('reset.sh', 'docker compose down -v'),
    ['info reset.sh:1'],
  ],
  [
    'a document',
    'down-volumes-in-script',
    withScript('README.md', '```sh\ndocker compose down -v\n```\n'),
    ['warning README.md:2'],
  ],
  [
    'an npm script',
    'down-volumes-in-script',
    withScript('package.json', '{"scripts":{\n"stop": "docker compose down --volumes"}}'),
    ['error package.json:2'],
  ],
  [
    'a target',
    'down-volumes-in-script',
    withScript('Makefile', 'stop:\n\t@docker compose down -v\n'),
    ['error Makefile:2'],
  ],
  [
    'a volume by its name',
    'down-volumes-in-script',
    withScript('stop.sh', 'docker volume rm -f shop_data'),
    ['error stop.sh:1'],
  ],
  ['the volume of something else', 'down-volumes-in-script', withScript('stop.sh', 'docker volume rm other'), []],
  ['named volumes too', 'prune-in-script', withScript('up.sh', 'docker volume prune --all -f'), ['error up.sh:1']],
  [
    'a copy out of a container',
    'copies-living-database',
    withScript('backup.sh', 'docker cp shop-app-1:/data/app.db .'),
    ['error backup.sh:1'],
  ],
  [
    'a copy with its -wal',
    'copies-living-database',
    withScript('backup.sh', 'cp /data/app.db /b/\ncp /data/app.db-wal /b/'),
    [],
  ],
  [
    'a copy of a stopped app',
    'copies-living-database',
    withScript('backup.sh', 'docker compose stop\ncp /data/app.db /b/'),
    [],
  ],
  ["a test's own copy", 'copies-living-database', withScript('test.sh', 'cp /data/seed.db work.db'), []],
  ...(
    [
      ['what lies on the data', 'pg_dump shop >/b/shop.sql; cp /data/app.db /b/', 1],
      ['what lies elsewhere, beside a dump', 'pg_dump shop >/b/shop.sql; cp /etc/geo.db /b/', 0],
      ['what lies elsewhere, packed beside a dump', 'pg_dump shop >/b/shop.sql; tar -cf /b/x.tar /etc/geo.db', 0],
      ['a folder that only begins like the data', 'cp /database/app.db /b/', 0],
      ['a path through the data that leaves it', 'cp /data/../etc/geo.db /b/', 0],
      ['a relative path, from the data', 'cd /data && cp app.db /b/', 1],
      ['a relative path, from elsewhere', 'cd /etc && cp geo.db /b/', 0],
      ['a relative path, packed from the data', 'tar -czf /b/x.tgz -C /data app.db', 1],
      ['a relative path, packed from elsewhere', 'tar -czf /b/x.tgz -C /etc geo.db', 0],
      ['a path that only the shell knows', 'cp "$DATA/app.db" /b/', 1],
    ] as const
  ).flatMap(([what, commands, count]) => [
    [
      `${what}, in a script`,
      'copies-living-database',
      withScript('backup.sh', commands),
      Array.from({ length: count }, () => 'error backup.sh:1'),
    ] as const,
    [
      `${what}, by a service`,
      'copies-living-database',
      withBackupService(commands),
      Array.from({ length: count }, () => 'error compose.yaml:7'),
    ] as const,
  ]),
  [
    'what a bind has, from the host',
    'copies-living-database',
    {
      'ops/backup.sh': 'cp state/app.db /b/; cp seeds/app.db /b/',
      ...withService('{ image: "app:1", volumes: ["./state:/data", "./seeds:/seeds:ro"] }'),
    },
    ['error ops/backup.sh:1'],
  ],
  [
    'a copy in one `sh -c` with words of a backup',
    'copies-living-database',
    withService(
      `{ image: "app:1", volumes: ["data:/data"], command: ["sh", "-c", "pg_dump x >/b/dump.sql; cp /data/app.db /work/app.db"] }`,
    ),
    [],
  ],
  [
    'a dump that is piped within the container',
    'pipe-without-pipefail',
    withScript('backup.sh', "docker exec db sh -c 'pg_dump shop | gzip > /b/x'"),
    ['error backup.sh:1'],
  ],
  [
    'retention in a script that ends at a failure',
    'age-based-retention',
    withScript('backup.sh', 'set -e\npg_dump x > /b/x\nfind /b -mtime +7 -delete'),
    [],
  ],
  ['a cache', 'anonymous-volume', withService('{ image: "redis:7" }'), ['warning compose.yaml:3']],
  [
    'a cache of a later version',
    'container-layer-data',
    withService('{ image: "redis:8" }'),
    ['warning compose.yaml:3'],
  ],
  [
    "an image of one's own, mounted the old way",
    'volume-misses-data',
    withService('{ build: ., volumes: ["data:/var/lib/postgresql/data"] }', OWN_POSTGRES),
    ['error compose.yaml:3'],
  ],
  [
    "an image of one's own, mounted the new way",
    'volume-misses-data',
    withService('{ build: ., volumes: ["data:/var/lib/postgresql"] }', OWN_POSTGRES),
    [],
  ],
  [
    'an image that is built on that of PostgreSQL 18',
    'data-directory-moved',
    withService('{ image: "timescale/timescaledb:latest-pg18", volumes: ["data:/var/lib/postgresql/data"] }'),
    ['error compose.yaml:3'],
  ],
  [
    'an image that is built on that of PostgreSQL 17',
    'data-directory-moved',
    withService('{ image: "timescale/timescaledb:latest-pg17", volumes: ["data:/var/lib/postgresql/data"] }'),
    [],
  ],
  [
    'PGDATA below the mount',
    'data-directory-moved',
    withService(
      '{ image: "postgres:18", environment: { PGDATA: /var/lib/postgresql/data/18 }, volumes: ["data:/var/lib/postgresql/data"] }',
    ),
    [],
  ],
  [
    'a later tag, over a volume at the old folder',
    'data-directory-moved',
    withService('{ image: "postgres:17", volumes: ["data:/var/lib/postgresql/data"] }', {
      'outlast.yaml': 'rebuild: { app: { image: "postgres:18" } }\n',
    }),
    ['error compose.yaml:3'],
  ],
  [
    'a later tag that has moved nothing',
    'data-directory-moved',
    withService('{ image: "postgres:16", volumes: ["data:/var/lib/postgresql/data"] }', {
      'outlast.yaml': 'rebuild: { app: { image: "postgres:17" } }\n',
    }),
    [],
  ],
  [
    'a base image of a later version, by a build argument',
    'data-directory-moved',
    withService('{ build: { context: ., args: { PG: 17 } }, volumes: ["data:/var/lib/postgresql/data"] }', {
      Dockerfile: 'ARG PG\nFROM postgres:${PG}\n',
      'outlast.yaml': 'rebuild: { app: { args: { PG: 18 } } }\n',
    }),
    ['error compose.yaml:3'],
  ],
  ...(
    [
      ['a variable of the image, off the mount', 'ENV DATA_DIR=$DIR', '/srv/data', 1],
      ['a file in a URL of the image, off the mount', 'ENV DATABASE_URL=sqlite:///$DIR/app.db', '/srv/data', 1],
      ['a VOLUME', 'VOLUME $DIR', '/srv/data', 1],
      ['a folder beside the old one, on the same mount', 'ENV DATA_DIR=$DIR', '/data/v2', 1],
      ['an argument that changes nothing', 'ENV DATA_DIR=$DIR', '/data', 0],
      ['a folder that holds no data', 'ENV DATA_DIR=/data CACHE_DIR=/tmp/$DIR', '/srv/data', 0],
    ] as const
  ).map(
    ([what, line, later, count]) =>
      [
        what,
        'data-directory-moved',
        withService('{ build: { context: ., args: { DIR: /data } }, volumes: ["data:/data"] }', {
          Dockerfile: `FROM debian:13\nARG DIR\n${line}\n`,
          'outlast.yaml': `rebuild: { app: { args: { DIR: ${later} } } }\n`,
        }),
        Array.from({ length: count }, () => 'error compose.yaml:3'),
      ] as const,
  ),
  ['dependencies are no data', 'anonymous-volume', withService('{ image: "app:1", volumes: [/app/node_modules] }'), []],
  [
    'a file that git tracks',
    'single-file-bind',
    withService('{ image: "app:1", volumes: ["./app.conf:/app.conf"] }', { 'app.conf': '' }),
    ['info compose.yaml:3'],
  ],
  [
    'a variable with a default',
    'unset-variable-in-bind',
    withService('{ image: "app:1", volumes: ["${D:?}:/data"] }', { '.env': 'D=/srv\n' }),
    [],
  ],
  [
    'a variable that is set',
    'unset-variable-in-bind',
    withService('{ image: "app:1", volumes: ["${D}/x:/data"] }', { '.env': 'D=/srv\n' }),
    ['warning compose.yaml:3'],
  ],
  ...(
    [
      ['in the long form', '{ type: volume, source: old, target: /data }', 'old: {}', 1],
      ['that was anonymous', '/data', '', 0],
      ['that was a bind', '"./old:/data"', '', 0],
      ['that was another one, and this one there too', 'old:/data', 'old: {}, data: {}', 0],
      ['with a name of its own', 'old:/data', 'old: { name: shop_data }', 0],
      ['at another place', 'old:/other', 'old: {}', 0],
    ] as const
  ).map(
    ([what, mount, before, count]) =>
      [
        `a volume ${what}`,
        'volume-renamed',
        withService('{ image: "app:1", volumes: ["data:/data"] }', {
          'HEAD:compose.yaml': `name: shop\nservices:\n  app: { image: app:1, volumes: [${mount}] }\nvolumes: { ${before} }\n`,
        }),
        Array.from({ length: count }, () => 'warning compose.yaml:3'),
      ] as const,
  ),
  ...(
    [
      ['by a URL', '{ DB: "mysql://db/shop" }', 'alembic -c a.ini upgrade head', 1],
      ['by a URL with a driver', '{ DB: "mysql+pymysql://db/shop" }', 'flask db upgrade', 1],
      ['of another database', '{ DB: "postgres://db/shop" }', 'alembic upgrade head', 0],
      ['that is none', '{ DB: "mysql://db/shop" }', 'node upgrade.js', 0],
    ] as const
  ).map(
    ([what, environment, command, count]) =>
      [
        `a migration ${what}`,
        'migration-at-start',
        withService(`{ image: "app:1", environment: ${environment}, command: ${command} }`),
        Array.from({ length: count }, () => 'info compose.yaml:3'),
      ] as const,
  ),
  ['a policy that was thought of', 'no-restart-policy', withService('{ image: "app:1", restart: "no" }'), []],
  [
    'a shell that steps aside',
    'signal-not-passed-on',
    withService('{ image: "app:1", command: ["sh", "-c", "exec app"], volumes: ["data:/data"] }'),
    [],
  ],
  [
    'a package manager',
    'signal-not-passed-on',
    withService('{ image: "app:1", command: npm start, volumes: ["data:/data"] }'),
    ['warning compose.yaml:3'],
  ],
];

describe.concurrent('beyond the pages', () => {
  test.for(CASES)('%s: %s', async ([, id, files, expected], context) => {
    const findings = await findingsIn(new Map(Object.entries(files)), 'linux', context);
    const found = findings.filter(({ rule }) => rule === id);
    expect(found.map(({ severity, file, line }) => `${severity} ${file}:${line}`)).toEqual(expected);
  });
});
