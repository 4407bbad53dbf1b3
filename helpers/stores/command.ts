import type { Marker, ReadRow } from '../verdict/model.ts';
import { execute, type Executed } from './execute.ts';
import { CHECK_MS } from './server.ts';
import type { DriverContext, Integrity, OpenStore, StoreDefinition } from './store.ts';

type CommandDefinition = StoreDefinition & { kind: 'command' };

/** How a `write` says that the place has refused and kept nothing: EX_TEMPFAIL of sysexits.h, which no shell and no client uses for faults of its own. */
const REFUSED = 75;
const LIMIT_MS = 60_000;

/** Markers written and read by commands of the user's, for what has no driver. */
export async function open(definition: CommandDefinition, context: DriverContext): Promise<OpenStore> {
  return new CommandStore(definition, context);
}

class CommandStore implements OpenStore {
  readonly #definition: CommandDefinition;
  readonly #context: DriverContext;

  constructor(definition: CommandDefinition, context: DriverContext) {
    this.#definition = definition;
    this.#context = context;
  }

  async write({ id, payload }: Marker): Promise<boolean> {
    // The environment cannot hold it, so nothing is started.
    if (payload.includes('\0')) return false;
    const result = await this.#run(this.#definition.write, { OUTLAST_ID: id, OUTLAST_PAYLOAD: payload });
    if (result.exitCode === 0) return true;
    if (result.exitCode === REFUSED) return false;
    throw failure('write', result);
  }

  async read(): Promise<ReadRow[]> {
    const result = await this.#run(this.#definition.read);
    if (result.exitCode !== 0) throw failure('read', result);
    return parseRows(result.stdout);
  }

  async integrity(): Promise<Integrity | null> {
    const { integrity } = this.#definition;
    if (integrity === undefined) return null;
    const { exitCode, stdout, stderr } = await this.#run(integrity, {}, CHECK_MS);
    return { ok: exitCode === 0, detail: `${stdout}\n${stderr}`.trim().slice(-2000) };
  }

  async answers(): Promise<void> {
    await this.read();
  }

  async close(): Promise<void> {}

  async #run(argv: readonly string[], more: Record<string, string> = {}, limitMs = LIMIT_MS): Promise<Executed> {
    const { uid, gid, cwd } = this.#context.main();
    return execute(argv, { env: { ...this.#context.container.env, ...more }, owner: { uid, gid }, cwd, limitMs });
  }
}

/** Lines of JSON, each with `id` and `payload`; ids that are no marker's are left out. Pure. @throws Error naming the line. */
export function parseRows(output: string): ReadRow[] {
  return output.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    const row = parseLine(line);
    if (row === null) throw new Error(`Line ${index + 1} of read is no JSON object with an id: ${line.slice(0, 200)}`);
    const { id, payload } = row;
    if (!id.startsWith('o-')) return [];
    return [{ id, payload: typeof payload === 'string' ? payload : (JSON.stringify(payload) ?? '') }];
  });
}

function parseLine(line: string): { id: string; payload?: unknown } | null {
  try {
    const row = JSON.parse(line) as { id?: unknown } | null;
    return typeof row?.id === 'string' ? (row as { id: string }) : null;
  } catch {
    return null;
  }
}

function failure(step: string, { exitCode, stdout, stderr }: Executed): Error {
  return new Error(`${step} ended with ${exitCode}: ${(stderr.trim() || stdout.trim()).slice(0, 2000)}`);
}
