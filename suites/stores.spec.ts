import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type Dockerode from 'dockerode';
import { GenericContainer, Wait, type StartedTestContainer } from 'testcontainers';
import { describe, vi } from 'vitest';
import { test as base } from '../fixtures/outlast.ts';
import { ensureServerImage } from '../fixtures/servers/server-images.ts';
import { type Subject, SUBJECTS, UID } from '../fixtures/servers/subjects.ts';
import { outlastHome } from '../helpers/home.ts';
import { RUN_LABEL, type Host } from '../helpers/host/host.ts';
import { openProbe } from '../helpers/probe/open-probe.ts';
import type { Probe } from '../helpers/probe/probe.ts';
import { buildToolbox, NODE_ARGV, TOOLBOX_MOUNT } from '../helpers/probe/toolbox.ts';
import { isTransactional, STORE_KINDS, type StoreDefinition, type StoreKind } from '../helpers/stores/store.ts';
import { hashOf, makeMarker } from '../helpers/verdict/marker.ts';
import type { Marker, ReadRow } from '../helpers/verdict/model.ts';
import { compareOwn, type OwnGroup } from '../helpers/verdict/own-data.ts';

/** What an image's first start does while its temporary server is up. */
const SLOW = 'printf up > /tmp/temporary; sleep 3; printf over > /tmp/temporary';
const RUN = `stores-${randomBytes(4).toString('hex')}`;

type Started = Record<string, Promise<StartedTestContainer>>;

/** A container with the toolbox mounted: the small app alone in an image without a single file, or a database server. */
async function startContainer(host: Host, { server }: Subject): Promise<StartedTestContainer> {
  const image = server === null ? await emptyImage(host.docker) : await ensureServerImage(host, server.image);
  const { folder } = await buildToolbox({ home: await outlastHome() });
  const container = new GenericContainer(image)
    .withLabels({ [RUN_LABEL]: RUN })
    .withBindMounts([{ source: folder, target: TOOLBOX_MOUNT, mode: 'ro' }]);
  if (server === null) {
    return container
      .withCopyFilesToContainer(
        ['rows', 'rows-command'].map((name) => ({ source: programOf(name), target: `/srv/${name}.ts` })),
      )
      .withUser(`${UID}:${UID}`)
      .withEnvironment({ NODE_OPTIONS: '--no-warnings', GREETING: 'hello' })
      .withEntrypoint([...NODE_ARGV, '/srv/rows.ts'])
      .withWaitStrategy(Wait.forLogMessage('ready'))
      .start();
  }
  const files = Object.entries(server.files ?? {}).map(([target, content]) => ({ target, content }));
  return container
    .withEnvironment({ ...server.env, GREETING: 'hello' })
    .withCopyContentToContainer(files)
    .withCommand([...(server.command ?? [])])
    .start();
}

function programOf(name: string): string {
  return fileURLToPath(new URL(`../fixtures/servers/${name}.ts`, import.meta.url));
}

async function emptyImage(docker: Dockerode): Promise<string> {
  const { Readable } = await import('node:stream');
  const progress = await docker.importImage(Readable.from([Buffer.alloc(1024)]), { repo: 'outlast/empty', tag: RUN });
  await new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(progress, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
  return `outlast/empty:${RUN}`;
}

const [APP] = SUBJECTS as [Subject];
/** Of each server one version is tried in every run; all of them by `npm run test:servers`. */
const EVERY_RUN = new Set(['postgres:17', 'mariadb:11.8', 'redis:8']);
const CHOSEN =
  process.env['OUTLAST_SERVERS'] === 'all'
    ? SUBJECTS
    : SUBJECTS.filter(({ server }) => server === null || EVERY_RUN.has(server.image));
let places = 0;

const test = base
  .extend('subject', APP)
  .extend('started', { scope: 'worker' }, async ({ host }, { onCleanup }): Promise<Started> => {
    // Not among the types of dockerode, but an option that its client keeps.
    const { socketPath } = host.docker.modem as { socketPath?: string };
    if (socketPath !== undefined) vi.stubEnv('DOCKER_HOST', `unix://${socketPath}`);
    vi.stubEnv('TESTCONTAINERS_RYUK_DISABLED', 'true');
    const started: Started = {};
    onCleanup(async () => {
      const containers = await Promise.all(Object.values(started));
      await Promise.all(containers.map(async (container) => container.stop()));
      await host.docker.getImage(`outlast/empty:${RUN}`).remove();
      vi.unstubAllEnvs();
    });
    return started;
  })
  .extend('container', async ({ host, started, subject }) => {
    const { server } = subject;
    return (started[server?.image ?? 'app'] ??= startContainer(host, subject));
  })
  .extend('node', ({ container, subject }) => {
    /** Runs JavaScript in the container and returns what it prints. */
    return async (script: string, user = subject.server === null ? String(UID) : '0'): Promise<string> => {
      const source = `const fs = require('node:fs'); (async () => { ${script} })()`;
      const result = await container.exec([...NODE_ARGV, '-e', source], { user });
      if (result.exitCode !== 0) throw new Error(result.output);
      return result.stdout.trim();
    };
  })
  .extend('open', async ({ host, container }, { onCleanup }) => {
    const probes: Probe[] = [];
    onCleanup(async () => {
      await Promise.all(probes.map(async (probe) => probe[Symbol.asyncDispose]()));
    });
    return async (): Promise<Probe> => {
      const probe = await openProbe(host.docker, container.getId());
      probes.push(probe);
      return probe;
    };
  })
  .extend('place', async ({ node, open, subject }) => {
    const place = subject.placeOf(places++);
    const anywhere = { ...subject.define(place), id: 'server', database: undefined } as StoreDefinition;
    const { answers, output } = await (await open()).answers(anywhere, 60_000);
    if (!answers) throw new Error(output);
    await node(`const place = '${place}'; ${subject.make}`, '0');
    return place;
  });

function markers(count: number, epoch = 0): Marker[] {
  return Array.from({ length: count }, (_, seq) => makeMarker({ seed: 's', nonce: 'n', store: 's', epoch, seq }));
}

/** Written as the harness does: the next only after the last was acknowledged. */
async function writeAll(probe: Probe, store: StoreDefinition, rows: readonly Marker[]): Promise<string[]> {
  const ends = new Set<string>();
  for (const row of rows) ends.add(await probe.write(store, [row]));
  return [...ends];
}

function sorted(rows: readonly ReadRow[]): ReadRow[] {
  return rows.map(({ id, payload }) => ({ id, payload })).toSorted((one, other) => (one.id < other.id ? -1 : 1));
}

function behind(place: string, row: ReadRow, script: string): string {
  return `const place = '${place}', id = '${row.id}', payload = 'altered'; ${script}`;
}

const first = markers(5);
const [victim, ...rest] = first as [Marker, ...Marker[]];

/** How many rows a write has that is cut off. */
const TOGETHER = 50;
/** Kinds that take no row away. */
const KEEPERS: ReadonlySet<StoreKind> = new Set(['git', 'http', 'command']);
/** Servers whose image makes the database by a temporary server; the versions of one share an entrypoint. */
const FIRST_STARTS = new Set(['postgres 17', 'mariadb 11.8', 'mysql 9']);

test('every kind of store is among the subjects', ({ expect }) => {
  expect(new Set(CHOSEN.map(({ kind }) => kind))).toEqual(new Set(STORE_KINDS));
});

const SERVERS = CHOSEN.filter(({ server }) => server !== null);

// Before the stores: a damaged log keeps a Redis from starting again.
describe.each(SERVERS)('the server $name', (subject) => {
  test.override({ subject });

  test('is taken at what the container says of itself', async ({ place, open, expect }) => {
    const store = { ...subject.define(place), id: 'unnamed', database: undefined } as StoreDefinition;
    const probe = await open();
    const [row] = markers(1, 7) as [Marker];
    expect(await probe.write(store, [row])).toBe('acknowledged');
    expect((await probe.read(store)).map(({ id }) => id)).toContain(row.id);
    expect(await probe.remove(store, row)).toBe('acknowledged');
  });

  test('refuses a wrong password at once and clearly', async ({ place, open, expect }) => {
    const store = { ...subject.define(place), id: 'wrong', password: 'not-the-secret' } as StoreDefinition;
    const probe = await open();
    const before = Date.now();
    const answering = await probe.answers(store, 60_000);
    expect(answering).toMatchObject({ answers: false, refused: true });
    expect(answering.output).toMatch(/refuses the login: .*(password|WRONGPASS)/);
    expect(answering.output).not.toContain('not-the-secret');
    expect(Date.now() - before).toBeLessThan(10_000);
    await expect(probe.write(store, [victim])).rejects.toThrow('refuses the login');
    await expect(probe.read(store)).rejects.toThrow('refuses the login');
  });

  test('leaves the end of a write open when it dies, and takes the next after it is back', async ({
    place,
    container,
    host,
    open,
    expect,
  }) => {
    const store = subject.define(place);
    const probe = await open();
    await writeAll(probe, store, first);
    const docker = host.docker.getContainer(container.getId());
    const writing = (async () => {
      for (let rows = markers(100_000, 1); rows.length > 0;) await probe.write(store, rows.splice(0, TOGETHER));
    })();
    const unanswered = expect(writing).rejects.toThrow();
    await docker.kill();
    await unanswered;
    await docker.start();
    const next = await open();
    expect(await next.answers(store, 60_000)).toMatchObject({ answers: true });
    const ids = (await next.read(store)).map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining(first.map(({ id }) => id)));
    // A write that was cut off is there whole or not at all.
    expect((ids.length - first.length) % TOGETHER).toBe(0);
    expect(await next.write(store, markers(1, 2))).toBe('acknowledged');
  });

  test("runs a health check with the container's own environment", async ({ open, place, expect }) => {
    const probe = await open();
    // By now a server may have written its title over the environment that it was started with.
    expect(await probe.answers(subject.define(place), 60_000)).toMatchObject({ answers: true });
    expect(await probe.health(['CMD-SHELL', 'test "$GREETING" = hello'], 2000)).toMatchObject({ healthy: true });
  });
});

describe.each(CHOSEN)('a store on $name', (subject) => {
  test.override({ subject });
  const { define, refuses = '' } = subject;

  test('has no rows where nothing is, and a read makes nothing', async ({ place, open, node, expect }) => {
    const probe = await open();
    const before = await node(behind(place, victim, subject.count));
    expect(await probe.read(define(place))).toEqual([]);
    expect((await probe.integrity(define(place)))?.ok ?? true).toBe(true);
    expect(await node(behind(place, victim, subject.count))).toBe(before);
  });

  test('gives back what was acknowledged, row by row, to a new agent too, and adds to it', async ({
    place,
    open,
    expect,
  }) => {
    const store = define(place);
    const probe = await open();
    expect(await writeAll(probe, store, first)).toEqual(['acknowledged']);
    expect(sorted(await probe.read(store))).toEqual(sorted(first));
    await probe[Symbol.asyncDispose]();

    const next = await open();
    expect(sorted(await next.read(store))).toEqual(sorted(first));
    const second = markers(3, 1);
    expect(await writeAll(next, store, second)).toEqual(['acknowledged']);
    expect(sorted(await next.read(store))).toEqual(sorted([...first, ...second]));
  });

  test('keeps all rows of a write or none, where it takes several', async ({ place, open, node, expect }) => {
    const store = define(place);
    const probe = await open();
    if (!isTransactional(store)) {
      await expect(probe.write(store, first)).rejects.toThrow('takes one row at a time');
      expect(await probe.read(store)).toEqual([]);
      return;
    }
    await node(behind(place, victim, subject.refuse));
    expect(await probe.write(store, first)).toBe('rejected');
    await node(behind(place, victim, subject.allow));
    expect(await probe.read(store)).toEqual([]);
    expect(await probe.write(store, first)).toBe('acknowledged');
    expect(sorted(await probe.read(store))).toEqual(sorted(first));
    const more = markers(3, 1);
    // A key that is there is overwritten, so nothing of such a write can fail by itself.
    const end = subject.kind === 'redis' ? 'acknowledged' : 'rejected';
    expect(await probe.write(store, [...more, victim])).toBe(end);
    expect(sorted(await probe.read(store))).toEqual(sorted(end === 'rejected' ? first : [...first, ...more]));
  });

  test('takes a row away for good where it takes any away', async ({ place, open, expect }) => {
    const probe = await open();
    await writeAll(probe, define(place), first);
    const end = await probe.remove(define(place), victim);
    expect(end).toBe(KEEPERS.has(subject.kind) ? null : 'acknowledged');
    expect(sorted(await probe.read(define(place)))).toEqual(sorted(end === null ? first : rest));
  });

  test('does not give back what was removed behind its back', async ({ place, open, node, expect }) => {
    const probe = await open();
    await writeAll(probe, define(place), first);
    await node(behind(place, victim, subject.remove));
    expect(sorted(await probe.read(define(place)))).toEqual(sorted(rest));
  });

  test('gives a changed payload back changed', async ({ place, open, node, expect }) => {
    const probe = await open();
    await writeAll(probe, define(place), first);
    await node(behind(place, victim, subject.alter));
    const expected = sorted([{ id: victim.id, payload: 'altered' }, ...rest]);
    expect(sorted(await probe.read(define(place)))).toEqual(expected);
  });

  test('rejects what the place refuses, and has kept nothing of it', async ({ place, open, node, expect }) => {
    const probe = await open();
    await node(behind(place, victim, subject.refuse));
    expect(await writeAll(probe, define(place), first)).toEqual(['rejected']);
    await node(behind(place, victim, subject.allow));
    expect(await probe.read(define(place))).toEqual([]);
    expect(await writeAll(probe, define(place), first)).toEqual(['acknowledged']);
  });

  test('keeps any characters', async ({ place, open, expect }) => {
    const payloads = [
      '',
      '{id} {payload} $& $1',
      `'; DROP TABLE x; -- "`,
      'a\nb\r\nc\0d\t',
      ' ünï 漢字 🧪 \u2028',
      '\\u0000\\',
    ];
    const rows = payloads.map((payload, seq): Marker => {
      const id = `o-n-s-0-${seq}`;
      return { id, epoch: 0, seq, payload, hash: hashOf({ id, payload }) };
    });
    const isRefused = ({ payload }: Marker): boolean => refuses !== '' && payload.includes(refuses);
    const kept = rows.filter((row) => !isRefused(row));
    const probe = await open();
    expect(await writeAll(probe, define(place), kept)).toEqual(['acknowledged']);
    expect(await writeAll(probe, define(place), rows.filter(isRefused))).toEqual(refuses === '' ? [] : ['rejected']);
    expect(sorted(await probe.read(define(place)))).toEqual(sorted(kept));
    expect(await probe.integrity(define(place))).toMatchObject({ ok: true });
  });

  test('keeps many rows', async ({ place, open, expect }) => {
    const rows = markers(subject.many);
    const probe = await open();
    expect(await writeAll(probe, define(place), rows)).toEqual(['acknowledged']);
    expect(sorted(await probe.read(define(place)))).toEqual(sorted(rows));
  });

  test('knows whether it is sound', async ({ place, open, node, expect }) => {
    const store = define(place);
    const probe = await open();
    await writeAll(probe, store, markers(60));
    expect(await probe.integrity(store)).toMatchObject({ ok: true });
    await probe[Symbol.asyncDispose]();
    await node(behind(place, victim, subject.damage));
    expect(await (await open()).integrity(store)).toMatchObject({ ok: false });
  });
});

describe.each(CHOSEN.filter(({ keep }) => keep !== undefined))('a store on $name', (subject) => {
  test.override({ subject });
  const { define, keep = '', lose = '' } = subject;

  test("tells of the app's own data, and what of it is gone", async ({ place, open, node, expect }) => {
    const probe = await open();
    const own = async (): Promise<OwnGroup[]> => (await probe.own(define(place))) ?? [];
    await writeAll(probe, define(place), first);
    // The small app lists a row of its own.
    const already = subject.kind === 'http' ? 1 : 0;
    expect((await own()).map(({ count }) => count)).toEqual(already === 0 ? [] : [already]);
    await node(behind(place, victim, keep));
    const before = await own();
    expect(before).toMatchObject([{ count: already + 3 }]);
    expect(new Set(before[0]?.entries?.map(([key]) => key)).size).toBe(already + 3);
    expect(compareOwn(before, await own(), new Set())).toMatchObject({ verdict: 'kept', gone: 0, rewritten: 0 });
    await node(behind(place, victim, lose));
    expect(compareOwn(before, await own(), new Set())).toMatchObject({ verdict: 'unknown', gone: 1, rewritten: 0 });
  });
});

describe.each(CHOSEN.filter(({ kind }) => ['sqlite', 'files', 'git', 'http'].includes(kind)))(
  'a store on $name',
  (subject) => {
    test.override({ subject });

    test('writes as the owner of the place, never as root', async ({ place, open, node, expect }) => {
      const probe = await open();
      await writeAll(probe, subject.define(place), first);
      const owners = `fs.readdirSync('${place}', { recursive: true }).map((name) => fs.lstatSync('${place}/' + name)).map(({ uid, gid }) => uid + ':' + gid)`;
      expect(await node(`console.log([...new Set(${owners})].join())`, '0')).toBe(`${UID}:${UID}`);
    });
  },
);

describe.each(SERVERS.filter(({ name }) => FIRST_STARTS.has(name)))('the first start of $name', (subject) => {
  test('is over when the real server answers, not the temporary one', async ({ host, started, expect }) => {
    void started;
    const { server } = subject;
    if (server === null) throw new Error('There is no server.');
    const container = await startContainer(host, {
      ...subject,
      server: { ...server, files: { ...server.files, '/docker-entrypoint-initdb.d/slow.sh': SLOW } },
    });
    try {
      await using probe = await openProbe(host.docker, container.getId());
      const store = { ...subject.define('any'), database: undefined } as StoreDefinition;
      const during = async (): Promise<string> => (await container.exec(['cat', '/tmp/temporary'])).stdout;
      await vi.waitFor(async () => expect(await during()).toBe('up'), { timeout: 60_000, interval: 50 });
      const early = await probe.answers(store, 1000);
      expect(await during()).toBe('up');
      expect(early).toMatchObject({ answers: false, refused: false });
      expect(early.output).toContain('temporary server');
      expect(await probe.answers(store, 60_000)).toMatchObject({ answers: true });
      expect(await during()).toBe('over');
      expect(await probe.write(store, [victim])).toBe('acknowledged');
    } finally {
      await container.stop();
    }
  });
});

describe('the probe', () => {
  test('tells what the main process is and where it may write', async ({ place, open, expect }) => {
    const probe = await open();
    expect(await probe.mainIdentity()).toMatchObject({ uid: UID });
    expect(await probe.writable(place)).toBe(true);
    expect(await probe.writable(`${place}/not/yet`)).toBe(true);
    expect(await probe.writable('/srv')).toBe(false);
    expect(await probe.writable('/srv/rows.ts')).toBe(false);
  });

  test("runs a health check as the service's own user, until it passes", async ({ place, open, node, expect }) => {
    const probe = await open();
    const check = `process.exit(process.getuid() === ${UID} && process.env.GREETING === 'hello' && fs.existsSync('${place}/up') ? 0 : 1)`;
    const argv = ['CMD', ...NODE_ARGV, '-e', check];
    expect(await probe.health(argv, 300)).toMatchObject({ healthy: false });
    const healthy = probe.health(argv, 30_000);
    await node(`fs.writeFileSync('${place}/up', '')`);
    expect(await healthy).toMatchObject({ healthy: true });
  });

  test('rejects what is not answered when the container dies', async ({ host, container, expect }) => {
    const inspected = await host.docker.getContainer(container.getId()).inspect();
    const other = await host.docker.createContainer({
      Image: inspected.Config.Image,
      Entrypoint: [...NODE_ARGV],
      Cmd: ['-e', 'setInterval(() => {}, 1000)'],
      Labels: { [RUN_LABEL]: RUN },
      HostConfig: { Binds: inspected.HostConfig.Binds ?? [] },
    });
    try {
      await other.start();
      await using probe = await openProbe(host.docker, other.id);
      await probe.mainIdentity();
      // What the agent may still say depends on how far its check had come.
      const unanswered = expect(probe.health(['CMD', '/nothing'], 60_000)).rejects.toThrow();
      await other.kill();
      await unanswered;
      await expect(probe.mainIdentity()).rejects.toThrow('The agent ended.');
    } finally {
      await other.remove({ force: true });
    }
  });
});
