import { lchown, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Fact } from './attestation.ts';

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
    const commands = await Promise.all(
      this.#binds.map(async ({ source, name }) => {
        const entries = await entriesOf(source);
        if (entries.length <= 1) return [];
        const taken = entries.filter(({ isFolder }) => part === 'both' || isFolder === (part === 'directory'));
        for (const { path, uid, gid } of taken) {
          if (!this.#given.has(path)) this.#given.set(path, { uid, gid });
          await lchown(path, id, id);
        }
        return [COMMANDS[part](`${id}:${id}`, name)];
      }),
    );
    return commands.flat();
  }

  /** Idempotent. @returns the commands by which a person would do it */
  async giveBack(): Promise<string[]> {
    const commands = this.#binds.flatMap(({ source, name }) => {
      const own = [...this.#given].find(([path]) => path === source || path.startsWith(`${source}/`))?.[1];
      return own ? [COMMANDS.both(`${own.uid}:${own.gid}`, name)] : [];
    });
    for (const [path, { uid, gid }] of this.#given) {
      await lchown(path, uid, gid).catch((error: unknown) => {
        // The service removed it meanwhile.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      });
    }
    this.#given.clear();
    return commands;
  }

  /** After the folders themselves have gone. */
  forget(): void {
    this.#given.clear();
  }
}

const COMMANDS: Record<Part, (owner: string, name: string) => string> = {
  directory: (owner, name) => `find ${name} -type d -exec chown ${owner} {} +`,
  file: (owner, name) => `find ${name} ! -type d -exec chown ${owner} {} +`,
  both: (owner, name) => `chown -R ${owner} ${name}`,
};

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
