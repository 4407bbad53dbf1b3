import { lchown, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Fact } from './proof.ts';

/** Folders, what lies in them, or both. */
export type Part = 'directory' | 'file' | 'both';

interface Bind {
  /** The folder on the host. */
  readonly source: string;
  /** As the user would write it. */
  readonly name: string;
}

interface Entry {
  readonly path: string;
  readonly isFolder: boolean;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/** Whom the bind folders of a shadow belong to. What is given away is remembered until it is given back. */
export class BindOwners {
  readonly #binds: readonly Bind[];
  readonly #given = new Map<string, { readonly uid: number; readonly gid: number }>();
  readonly #strangers = new Set<number>();

  /** @param binds writable folders */
  constructor(binds: readonly Bind[]) {
    this.#binds = binds;
  }

  /** One fact for each folder that holds something: the owner of an empty one may be anybody's. */
  async facts(): Promise<Fact[]> {
    const facts = await Promise.all(
      this.#binds.map(async ({ source, name }): Promise<Fact[]> => {
        const [folder, ...entries] = await entriesOf(source);
        if (!folder || entries.length === 0) return [];
        const files = entries.filter((entry) => !entry.isFolder).map(ownerOf);
        const mode = (folder.mode & 0o7777).toString(8);
        const value = `folder ${ownerOf(folder)} ${mode}, files ${[...new Set(files)].toSorted().join(' ') || 'none'}`;
        return [{ kind: 'owner', subject: name, value }];
      }),
    );
    return facts.flat();
  }

  /** Ids that own something here. */
  async ids(): Promise<Set<number>> {
    const entries = await Promise.all(this.#binds.map(async ({ source }) => entriesOf(source)));
    return new Set(entries.flat().flatMap(({ uid, gid }) => [uid, gid]));
  }

  /** Gives every folder that holds something to another id. @returns the commands by which a person would do it */
  async give(part: Part, id: number): Promise<string[]> {
    this.#strangers.add(id);
    const commands = await Promise.all(
      this.#binds.map(async ({ source, name }) => {
        const entries = await entriesOf(source);
        if (entries.length <= 1) return [];
        const taken = entries.filter(({ isFolder }) => part === 'both' || isFolder === (part === 'directory'));
        for (const { path, uid, gid } of taken) {
          if (!this.#given.has(path)) this.#given.set(path, { uid, gid });
          await lchown(path, id, id).catch(unlessGone);
        }
        return [COMMANDS[part](`${id}:${id}`, name)];
      }),
    );
    return commands.flat();
  }

  /**
   * Takes everything back, with what the strangers have made meanwhile, as a database opened by them does. Idempotent.
   * @returns the commands by which a person would do it
   */
  async giveBack(): Promise<string[]> {
    const commands = await Promise.all(
      this.#binds.map(async ({ source, name }) => {
        const entries = await entriesOf(source);
        const [folder] = entries;
        if (!folder || !entries.some(({ path }) => this.#given.has(path))) return [];
        const first = this.#given.get(folder.path) ?? folder;
        for (const { path, uid } of entries) {
          const owner = this.#given.get(path) ?? (this.#strangers.has(uid) ? first : null);
          if (owner) await lchown(path, owner.uid, owner.gid).catch(unlessGone);
        }
        return [COMMANDS.both(`${first.uid}:${first.gid}`, name)];
      }),
    );
    this.forget();
    return commands.flat();
  }

  /** After the folders themselves have gone. */
  forget(): void {
    this.#given.clear();
    this.#strangers.clear();
  }
}

const COMMANDS: Record<Part, (owner: string, name: string) => string> = {
  directory: (owner, name) => `find ${name} -type d -exec chown ${owner} {} +`,
  file: (owner, name) => `find ${name} ! -type d -exec chown ${owner} {} +`,
  both: (owner, name) => `chown -R ${owner} ${name}`,
};

/** The service may remove its files at any moment. */
function unlessGone(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}

function ownerOf({ uid, gid }: Entry): string {
  return `${uid}:${gid}`;
}

/** The folder first. What goes away meanwhile is left out. */
async function entriesOf(source: string): Promise<Entry[]> {
  const names = await readdir(source, { recursive: true }).catch(() => []);
  const entries = await Promise.all(
    [source, ...names.map((name) => join(source, name))].map(async (path): Promise<Entry[]> => {
      const found = await lstat(path).catch(() => null);
      if (!found) return [];
      return [{ path, isFolder: found.isDirectory(), uid: found.uid, gid: found.gid, mode: found.mode }];
    }),
  );
  return entries.flat();
}
