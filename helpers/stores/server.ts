import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** How long a server may take for an answer, unless more is asked of it. */
const ANSWER_MS = 60_000;
/** … to take a connection and answer a first question. */
export const CONNECT_MS = 5000;
/** … to check all it has. */
export const CHECK_MS = 300_000;

/** The server is there, and the login is not good enough for it: to ask again is of no use. */
export class RefusedLogin extends Error {
  constructor(cause: unknown) {
    super(`The server refuses the login: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = 'RefusedLogin';
  }
}

/** One connection to a server, made when it is first needed. One that has failed is not used again: nobody knows its state. */
export class Connection<T> {
  readonly #connect: () => Promise<T>;
  readonly #end: (client: T) => unknown;
  #client: Promise<T> | undefined;

  constructor(connect: () => Promise<T>, end: (client: T) => unknown) {
    this.#connect = connect;
    this.#end = end;
  }

  /** @throws what connecting or `run` throws; Error after `limitMs`. */
  async with<R>(run: (client: T) => Promise<R>, limitMs = ANSWER_MS): Promise<R> {
    const limit = new AbortController();
    const late = delay(limitMs, undefined, { signal: limit.signal }).then(() => {
      throw new Error(`The server has not answered for ${limitMs / 1000} s.`);
    });
    late.catch(() => {});
    this.#client ??= this.#connect();
    const work = this.#client.then(run);
    work.catch(() => {});
    try {
      return await Promise.race([work, late]);
    } catch (error) {
      await this.close();
      throw error;
    } finally {
      limit.abort();
    }
  }

  /** Changes something. @returns `false` for an error by which the server has certainly kept nothing of it; throws any other. */
  async change(run: (client: T) => Promise<unknown>, isRefusal: (error: unknown) => boolean): Promise<boolean> {
    try {
      await this.with(run);
      return true;
    } catch (error) {
      if (isRefusal(error)) return false;
      throw error;
    }
  }

  /** Does not wait for a server that hangs. */
  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    void client?.then(this.#end).catch(() => {});
  }
}

/** The first of these variables that is set, or what the file holds that its `…_FILE` names. */
export function settingOf(env: Readonly<Record<string, string | undefined>>, ...names: string[]): string | undefined {
  for (const name of names) {
    const file = env[`${name}_FILE`];
    if (env[name]) return env[name];
    if (file && existsSync(file)) return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  }
  return undefined;
}

/** Where a server may be reached: first the unix socket, which needs no network and often no password. */
export function placesOf(sockets: readonly string[]): (string | null)[] {
  return [...sockets.filter((socket) => existsSync(socket)).slice(0, 1), null];
}

/**
 * Connects to the first place that lets us in; `null` stands for the loopback.
 * @throws RefusedLogin when the real server refuses the login; else what the last place said.
 */
export async function connectToFirst<T>(
  places: readonly (string | null)[],
  connect: (place: string | null) => Promise<T>,
  { isRefused, isMain }: { readonly isRefused: (error: unknown) => boolean; readonly isMain: boolean },
): Promise<T> {
  let refusal: unknown;
  let last: unknown;
  for (const place of places) {
    try {
      return await connect(place);
    } catch (error) {
      last = error;
      // The server of a first initialisation has no network, and not all its users yet.
      if (isRefused(error) && (isMain || place === null)) refusal ??= error;
    }
  }
  throw refusal === undefined ? last : new RefusedLogin(refusal);
}

/** The server of a first initialisation is neither reachable from elsewhere nor what the container was started for. */
export function refuseTemporary(isNetworked: boolean, isMain: boolean): void {
  if (!isNetworked && !isMain) throw new Error('This is the temporary server of the first initialisation.');
}
