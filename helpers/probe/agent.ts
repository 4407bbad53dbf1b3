/**
 * The probe's end inside the container: one request a line on stdin, one reply a line on stdout, until stdin closes.
 * Started as root; what it writes, it writes as the owner of the place.
 */
import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openStore } from '../stores/drivers.ts';
import type { ContainerStart, DriverContext, OpenStore, StoreDefinition } from '../stores/store.ts';
import type { Marker, ReadRow } from '../verdict/model.ts';
import { untilAnswers } from './answering.ts';
import { findData } from './find-data.ts';
import { untilHealthy } from './health.ts';
import { actAs, identityOf, mainPid, programOf, surroundingsOf } from './identity.ts';
import { linesOf } from './lines.ts';
import { ownersOf } from './owners.ts';
import type { PathKind } from './probe.ts';
import type { Answer, Reply, Request } from './protocol.ts';
import { isWritable } from './writable.ts';

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Owner of the path, or of its nearest parent that exists. */
function ownerOf(path: string): Owner {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found) return { uid: found.uid, gid: found.gid };
  return ownerOf(dirname(path));
}

function kindAt(path: string): PathKind {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) return 'absent';
  return found.isDirectory() ? 'folder' : 'file';
}

/** The toolbox's own git, or the machine's where there is no toolbox. */
function gitCommand(): string[] {
  const toolbox = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
  if (!existsSync(`${toolbox}/bin/git`)) return ['git'];
  return [
    `${toolbox}/lib/ld.so`,
    '--library-path',
    `${toolbox}/lib`,
    `${toolbox}/bin/git`,
    `--exec-path=${toolbox}/bin`,
  ];
}

/** What the engine gives to every process of a container, whatever its configuration says. */
const { PATH, HOSTNAME } = process.env;

const context: DriverContext & { container: ContainerStart } = {
  git: gitCommand(),
  container: { command: [], env: { PATH, HOSTNAME } },
  main: () => {
    const pid = mainPid();
    const { uid, gid } = identityOf(pid);
    return { program: programOf(pid), uid, gid, cwd: surroundingsOf(pid).cwd };
  },
  owner: ownerOf,
  asOwner: (path, run) => {
    const { uid, gid } = ownerOf(path);
    return actAs({ uid, gid, groups: [gid] }, run);
  },
};

/** Open stores, and for each the last thing it was asked: a store does one thing at a time. */
class Stores {
  readonly #open = new Map<string, Promise<OpenStore>>();
  readonly #last = new Map<string, Promise<unknown>>();

  async use<T>(definition: StoreDefinition, run: (store: OpenStore) => Promise<T>): Promise<T> {
    const { id } = definition;
    const store = this.#open.get(id) ?? openStore(definition, context);
    this.#open.set(id, store);
    const turn = (this.#last.get(id) ?? Promise.resolve()).then(async () => run(await store));
    this.#last.set(
      id,
      turn.catch(() => {}),
    );
    return turn;
  }

  async close(): Promise<void> {
    await Promise.all(this.#last.values());
    await Promise.all([...this.#open.values()].map(async (store) => (await store).close()));
  }
}

async function write(store: OpenStore, markers: readonly Marker[]): Promise<boolean> {
  const [marker] = markers;
  if (marker && markers.length === 1) return store.write(marker);
  if (!store.writeAll) throw new RangeError('This kind of store takes one row at a time.');
  return store.writeAll(markers);
}

/** How many rows a line holds: what is on its way is held more than once. */
const ROWS = 1000;

/** Sends all but the last of the rows. @returns these */
function inParts(id: number, rows: ReadRow[]): ReadRow[] {
  let sent = 0;
  for (; rows.length - sent > ROWS; sent += ROWS) send({ id, rows: rows.slice(sent, sent + ROWS) });
  return rows.slice(sent);
}

async function answer(request: Request, stores: Stores, signal: AbortSignal): Promise<Answer> {
  switch (request.op) {
    case 'meet':
      context.container = { ...request.container, env: { PATH, HOSTNAME, ...request.container.env } };
      return null;
    case 'write':
      return stores.use(request.store, async (store) => write(store, request.markers));
    case 'remove':
      return stores.use(request.store, async (store) => (await store.remove?.(request.marker)) ?? null);
    case 'read':
      return inParts(request.id, await stores.use(request.store, async (store) => store.read()));
    case 'own':
      return stores.use(request.store, async (store) => (await store.own?.()) ?? null);
    case 'integrity':
      return stores.use(request.store, async (store) => store.integrity());
    case 'answers':
      return stores.use(request.store, async (store) => untilAnswers(store, request.timeoutMs, signal));
    case 'writable':
      return isWritable(request.path, identityOf(mainPid()));
    case 'mainIdentity':
      return identityOf(mainPid());
    case 'findData':
      return findData(request.places, request.added);
    case 'kindAt':
      return kindAt(request.path);
    case 'owners':
      return ownersOf(request.path);
    case 'health':
      return untilHealthy(request.test, request.timeoutMs, { signal, env: context.container.env });
  }
}

function send(reply: Reply): void {
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}

async function main(): Promise<void> {
  const stores = new Stores();
  const closing = new AbortController();
  const pending = new Set<Promise<void>>();
  for await (const line of linesOf(process.stdin)) {
    const request = JSON.parse(line) as Request;
    const work = answer(request, stores, closing.signal).then(
      (value) => send({ id: request.id, ok: true, value }),
      (error: unknown) =>
        send({ id: request.id, ok: false, error: error instanceof Error ? error.message : String(error) }),
    );
    pending.add(work);
    void work.finally(() => pending.delete(work));
  }
  closing.abort();
  await Promise.all(pending);
  await stores.close();
}

await main();
