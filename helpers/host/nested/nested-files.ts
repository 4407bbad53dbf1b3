import path, { posix } from 'node:path';
import type Docker from 'dockerode';
import type { HostFiles } from '../files/host-files.ts';
import { packFolders, putArchive } from './archive.ts';
import type { MachineLink } from './machine-link.ts';
import { WORLD } from './machine-script.ts';
import { packFile, packTree } from './pack-tree.ts';
import { stat } from 'node:fs/promises';

/** A nested host as it runs now. */
export interface RunningMachine {
  readonly container: Docker.Container;
  readonly link: MachineLink;
}

/** Where a folder that was brought lies inside. */
export function placeOf(folder: string): string {
  return `${WORLD}/brought/${path.basename(folder)}`;
}

/**
 * Files inside a nested host, wherever its engine runs: archives go in by the outer engine's API.
 * @param machine throws where the host does not run
 * @param present folders that lie in their place already
 */
export function nestedFiles(machine: () => RunningMachine, present: readonly string[]): HostFiles {
  const brought = new Map(present.map((folder) => [folder, Promise.resolve()]));
  const makeFolders = async (folder: string) =>
    putArchive(machine().container, '/', async (packed) => packFolders(packed, folder));

  const copy: HostFiles['copy'] = async (original, to, only) => {
    if ((await stat(original)).isDirectory()) {
      await makeFolders(to);
      // The folder itself comes along with its content.
      await putArchive(machine().container, to, async (packed) => packTree(packed, original, '.', only));
    } else {
      await makeFolders(posix.dirname(to));
      await putArchive(machine().container, posix.dirname(to), async (packed) =>
        packFile(packed, original, posix.basename(to)),
      );
    }
  };

  return {
    folder: `${WORLD}/projects`,
    givesAway: true,
    copy,
    async bring(folder) {
      const bringing = brought.get(folder) ?? copy(folder, placeOf(folder));
      brought.set(folder, bringing);
      await bringing;
      return placeOf(folder);
    },
    list: async (at) => machine().link.call('list', at),
    give: async (owned) => machine().link.call('give', owned),
    remove: async (at) => machine().link.call('remove', at),
    makeFolder: async (at) => machine().link.call('makeFolder', at),
    rename: async (from, to) => machine().link.call('rename', from, to),
    identityOf: async (at) => machine().link.call('identityOf', at),
  };
}
