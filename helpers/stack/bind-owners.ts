import type { FileEntry } from '../host/files/file-operations.ts';
import type { HostFiles } from '../host/files/host-files.ts';
import type { Fact } from './proof.ts';

/** Folders, what lies in them, or both. */
export type Part = 'directory' | 'file' | 'both';

interface Bind {
  /** The folder on the host. */
  readonly source: string;
  /** As the user would write it. */
  readonly name: string;
}

/** Whom the bind folders of a shadow belong to. What is given away is remembered until it is given back. */
export class BindOwners {
  readonly #files: Pick<HostFiles, 'list' | 'give'>;
  readonly #binds: readonly Bind[];
  readonly #given = new Map<string, { readonly uid: number; readonly gid: number }>();
  readonly #strangers = new Set<number>();

  /** @param binds writable folders */
  constructor(files: Pick<HostFiles, 'list' | 'give'>, binds: readonly Bind[]) {
    this.#files = files;
    this.#binds = binds;
  }

  /** One fact for each folder that holds something: the owner of an empty one may be anybody's. */
  async facts(): Promise<Fact[]> {
    const facts = await Promise.all(
      this.#binds.map(async ({ source, name }): Promise<Fact[]> => {
        const [folder, ...entries] = await this.#files.list(source);
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
    const entries = await Promise.all(this.#binds.map(async ({ source }) => this.#files.list(source)));
    return new Set(entries.flat().flatMap(({ uid, gid }) => [uid, gid]));
  }

  /** Gives every folder that holds something to another id. @returns the commands by which a person would do it */
  async give(part: Part, id: number): Promise<string[]> {
    this.#strangers.add(id);
    const commands = await Promise.all(
      this.#binds.map(async ({ source, name }) => {
        const entries = await this.#files.list(source);
        if (entries.length <= 1) return [];
        const taken = entries.filter(({ isFolder }) => part === 'both' || isFolder === (part === 'directory'));
        for (const { path, uid, gid } of taken) {
          if (!this.#given.has(path)) this.#given.set(path, { uid, gid });
        }
        await this.#files.give(taken.map(({ path }) => ({ path, uid: id, gid: id })));
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
        const entries = await this.#files.list(source);
        const [folder] = entries;
        if (!folder || !entries.some(({ path }) => this.#given.has(path))) return [];
        const first = this.#given.get(folder.path) ?? folder;
        const returned = entries.flatMap(({ path, uid }) => {
          const owner = this.#given.get(path) ?? (this.#strangers.has(uid) ? first : null);
          return owner ? [{ path, uid: owner.uid, gid: owner.gid }] : [];
        });
        await this.#files.give(returned);
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

function ownerOf({ uid, gid }: FileEntry): string {
  return `${uid}:${gid}`;
}
