import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type Dockerode from 'dockerode';
import { GenericContainer, Wait, type StartedTestContainer } from 'testcontainers';
import { describe, vi } from 'vitest';
import { test as base } from '../fixtures/outlast.ts';
import { outlastHome } from '../helpers/home.ts';
import { RUN_LABEL, type Host } from '../helpers/host/host.ts';
import { openProbe } from '../helpers/probe/open-probe.ts';
import type { Probe } from '../helpers/probe/probe.ts';
import { AGENT_ARGV, buildToolbox, TOOLBOX_MOUNT } from '../helpers/probe/toolbox.ts';
import { STORE_KINDS, type StoreDefinition, type StoreKind } from '../helpers/stores/store.ts';
import { hashOf, makeMarker } from '../helpers/verdict/marker.ts';
import type { Marker, ReadRow } from '../helpers/verdict/model.ts';

const UID = 1001;
/** Node, in an image that has nothing at all. */
const NODE = AGENT_ARGV.slice(0, -1);
const RUN = `stores-${randomBytes(4).toString('hex')}`;

/** How a kind of store is harmed behind its back: JavaScript for Node inside the container; `place`, `id` and `payload` are set. */
interface Kind {
  readonly define: (place: string) => StoreDefinition;
  readonly remove: string;
  readonly alter: string;
  readonly damage: string;
  /** How many rows are many: a commit takes its time. */
  readonly many: number;
}

const SQLITE = `const database = new (require('${TOOLBOX_MOUNT}/node_modules/better-sqlite3'))(place + '/app.db');`;
const GIT = `const folder = place + '/outlast-markers.git';
  const git = (args, input) => {
    const { status, stdout, stderr } = require('node:child_process').spawnSync('${TOOLBOX_MOUNT}/lib/ld.so',
      ['--library-path', '${TOOLBOX_MOUNT}/lib', '${TOOLBOX_MOUNT}/bin/git', '-C', folder, ...args], { input });
    if (status !== 0) throw new Error(String(stderr));
    return String(stdout);
  };
  const path = git(['ls-tree', '-r', '--name-only', 'HEAD']).split('\\n').find((name) => name.endsWith('/' + id));
  const change = (line) => git(['fast-import', '--quiet'],
    'commit refs/heads/main\\ncommitter x <x> 1 +0000\\ndata 1\\nx\\nfrom refs/heads/main^0\\n' + line + '\\n');`;
const ROWS = `const file = place + '/rows.jsonl';
  const change = (run) => fs.writeFileSync(file, fs.readFileSync(file, 'utf8').split('\\n').filter(Boolean)
    .map((line) => JSON.parse(line)).flatMap(run).map((row) => JSON.stringify(row) + '\\n').join(''));`;

const KINDS: Record<StoreKind, Kind> = {
  sqlite: {
    define: (place) => ({ id: place, kind: 'sqlite', service: 'app', path: `${place}/app.db` }),
    remove: `${SQLITE} database.prepare('DELETE FROM outlast_markers WHERE id = ?').run(id)`,
    alter: `${SQLITE} database.prepare('UPDATE outlast_markers SET payload = ? WHERE id = ?').run(payload, id)`,
    damage: `fs.truncateSync(place + '/app.db', 4096)`,
    many: 2000,
  },
  files: {
    define: (place) => ({ id: place, kind: 'files', service: 'app', path: place }),
    remove: `fs.rmSync(place + '/outlast-markers/' + id)`,
    alter: `const file = place + '/outlast-markers/' + id;
      fs.writeFileSync(file, JSON.stringify({ ...JSON.parse(fs.readFileSync(file)), payload }))`,
    damage: `const folder = place + '/outlast-markers/'; fs.truncateSync(folder + fs.readdirSync(folder)[0], 10)`,
    many: 2000,
  },
  git: {
    define: (place) => ({ id: place, kind: 'git', service: 'app', path: place }),
    remove: `${GIT} change('D ' + path)`,
    alter: `${GIT} change('M 100644 inline ' + path + '\\ndata ' + payload.length + '\\n' + payload)`,
    damage: `${GIT} const packs = folder + '/objects/pack/';
      fs.rmSync(packs + fs.readdirSync(packs).find((name) => name.endsWith('.pack')))`,
    many: 200,
  },
  http: {
    define: (place) => ({
      id: place,
      kind: 'http',
      service: 'app',
      path: place,
      url: `http://127.0.0.1:8080/?folder=${place}`,
      write: { key: '{id}', content: { text: '{payload}' } },
      read: { id: 'key', payload: 'text' },
    }),
    remove: `${ROWS} change((row) => row.key === id ? [] : [row])`,
    alter: `${ROWS} change((row) => row.key === id ? [{ ...row, text: payload }] : [row])`,
    damage: `${ROWS} change(({ key }) => [{ key }])`,
    many: 2000,
  },
};

/** A container from an image without a single file, the toolbox mounted; its main process is the small app. */
async function startContainer(host: Host): Promise<StartedTestContainer> {
  // Not among the types of dockerode, but an option that its client keeps.
  const { socketPath } = host.docker.modem as { socketPath?: string };
  if (socketPath !== undefined) vi.stubEnv('DOCKER_HOST', `unix://${socketPath}`);
  vi.stubEnv('TESTCONTAINERS_RYUK_DISABLED', 'true');
  const image = await emptyImage(host.docker);
  const { folder } = await buildToolbox({ home: await outlastHome() });
  const server = fileURLToPath(new URL('../fixtures/servers/rows.ts', import.meta.url));
  return new GenericContainer(image)
    .withLabels({ [RUN_LABEL]: RUN })
    .withBindMounts([{ source: folder, target: TOOLBOX_MOUNT, mode: 'ro' }])
    .withCopyFilesToContainer([{ source: server, target: '/srv/rows.ts' }])
    .withUser(`${UID}:${UID}`)
    .withEnvironment({ NODE_OPTIONS: '--no-warnings', GREETING: 'hello' })
    .withEntrypoint([...NODE, '/srv/rows.ts'])
    .withWaitStrategy(Wait.forLogMessage('ready'))
    .start();
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

const test = base
  .extend('container', { scope: 'worker' }, async ({ host }, { onCleanup }) => {
    const container = await startContainer(host);
    onCleanup(async () => {
      await container.stop();
      await host.docker.getImage(`outlast/empty:${RUN}`).remove();
      vi.unstubAllEnvs();
    });
    return container;
  })
  .extend('node', ({ container }) => {
    /** Runs JavaScript in the container and returns what it prints. */
    return async (script: string, user = String(UID)): Promise<string> => {
      const result = await container.exec([...NODE, '-e', `const fs = require('node:fs'); ${script}`], { user });
      if (result.exitCode !== 0) throw new Error(result.output);
      return result.stdout.trim();
    };
  })
  .extend('place', async ({ node }) => {
    const folder = `/data/${randomBytes(4).toString('hex')}`;
    await node(`fs.mkdirSync('${folder}', { recursive: true }); fs.chownSync('${folder}', ${UID}, ${UID})`, '0');
    return folder;
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
  });

function markers(count: number, epoch = 0): Marker[] {
  return Array.from({ length: count }, (_, seq) => makeMarker({ seed: 's', nonce: 'n', store: 's', epoch, seq }));
}

/** Written as the harness does: the next only after the last was acknowledged. */
async function writeAll(probe: Probe, store: StoreDefinition, rows: readonly Marker[]): Promise<string[]> {
  const ends = new Set<string>();
  for (const row of rows) ends.add(await probe.write(store, row));
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

describe.each(STORE_KINDS)('a store of kind %s', (name) => {
  const kind = KINDS[name];

  test('has no rows where nothing is, and a read makes nothing', async ({ place, open, node, expect }) => {
    const probe = await open();
    expect(await probe.read(kind.define(place))).toEqual([]);
    expect(await probe.integrity(kind.define(place))).toMatchObject({ ok: true });
    expect(await node(`console.log(fs.readdirSync('${place}').length)`)).toBe('0');
  });

  test('gives back what was acknowledged, row by row, to a new agent too, and adds to it', async ({
    place,
    open,
    expect,
  }) => {
    const store = kind.define(place);
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

  test('does not give back what was removed behind its back', async ({ place, open, node, expect }) => {
    const probe = await open();
    await writeAll(probe, kind.define(place), first);
    await node(behind(place, victim, kind.remove));
    expect(sorted(await probe.read(kind.define(place)))).toEqual(sorted(rest));
  });

  test('gives a changed payload back changed', async ({ place, open, node, expect }) => {
    const probe = await open();
    await writeAll(probe, kind.define(place), first);
    await node(behind(place, victim, kind.alter));
    const expected = sorted([{ id: victim.id, payload: 'altered' }, ...rest]);
    expect(sorted(await probe.read(kind.define(place)))).toEqual(expected);
  });

  test('writes as the owner of the place, never as root', async ({ place, open, node, expect }) => {
    const probe = await open();
    await writeAll(probe, kind.define(place), first);
    const owners = `fs.readdirSync('${place}', { recursive: true }).map((name) => fs.lstatSync('${place}/' + name)).map(({ uid, gid }) => uid + ':' + gid)`;
    expect(await node(`console.log([...new Set(${owners})].join())`, '0')).toBe(`${UID}:${UID}`);
  });

  test('rejects what the place refuses, and has kept nothing of it', async ({ place, open, node, expect }) => {
    const probe = await open();
    await node(`fs.chmodSync('${place}', 0o555)`);
    expect(await writeAll(probe, kind.define(place), first)).toEqual(['rejected']);
    await node(`fs.chmodSync('${place}', 0o755)`);
    expect(await probe.read(kind.define(place))).toEqual([]);
    expect(await writeAll(probe, kind.define(place), first)).toEqual(['acknowledged']);
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
    const probe = await open();
    expect(await writeAll(probe, kind.define(place), rows)).toEqual(['acknowledged']);
    expect(sorted(await probe.read(kind.define(place)))).toEqual(sorted(rows));
    expect(await probe.integrity(kind.define(place))).toMatchObject({ ok: true });
  });

  test('keeps many rows', async ({ place, open, expect }) => {
    const rows = markers(kind.many);
    const probe = await open();
    expect(await writeAll(probe, kind.define(place), rows)).toEqual(['acknowledged']);
    expect(sorted(await probe.read(kind.define(place)))).toEqual(sorted(rows));
  });

  test('knows whether it is sound', async ({ place, open, node, expect }) => {
    const store = kind.define(place);
    const probe = await open();
    await writeAll(probe, store, markers(60));
    expect(await probe.integrity(store)).toMatchObject({ ok: true });
    await probe[Symbol.asyncDispose]();
    await node(behind(place, victim, kind.damage));
    expect(await (await open()).integrity(store)).toMatchObject({ ok: false });
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
    const argv = ['CMD', ...NODE, '-e', check];
    expect(await probe.health(argv, 300)).toMatchObject({ healthy: false });
    const healthy = probe.health(argv, 30_000);
    await node(`fs.writeFileSync('${place}/up', '')`);
    expect(await healthy).toMatchObject({ healthy: true });
  });

  test('rejects what is not answered when the container dies', async ({ host, container, expect }) => {
    const inspected = await host.docker.getContainer(container.getId()).inspect();
    const other = await host.docker.createContainer({
      Image: inspected.Config.Image,
      Entrypoint: [...NODE],
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
