import { mkdir, readdir, symlink } from 'node:fs/promises';
import { basename, dirname, join, parse, relative, sep } from 'node:path';
import { dir } from 'tmp-promise';
import type { ComposeFiles } from './compose-files.ts';
import { resolveProject, type ComposeCli, type ComposeOptions, type ProjectModel } from './project-model.ts';
import { isWithin } from './within.ts';

/** A project as it is once its folder has another name. */
export interface MovedProject {
  readonly model: ProjectModel;
  /** The folder by its new name, which nothing has yet. */
  readonly folder: string;
}

/**
 * What Compose makes of the user's files where their folder has another name. Nothing is renamed: Compose looks at it
 * through a link of that name, beside which everything else stands as it does.
 * @param workFolder where that stands meanwhile; it goes with the run, should that be killed
 * @throws OutlastError as `resolveProject`
 */
export async function resolveMoved(
  compose: ComposeCli,
  source: ComposeFiles,
  workFolder: string,
  options: ComposeOptions = {},
  signal?: AbortSignal,
): Promise<MovedProject> {
  const { path: root, cleanup } = await dir({ prefix: 'moved', tmpdir: workFolder, unsafeCleanup: true });
  try {
    const parent = await mirror(dirname(source.folder), root);
    const folder = await freeName(source.folder);
    const there = join(parent, basename(folder));
    await symlink(source.folder, there);
    const seen = (path: string): string =>
      isWithin(source.folder, path) ? join(there, relative(source.folder, path)) : path;
    const { PWD } = process.env;
    const moved: ComposeOptions = {
      ...options,
      envFiles: (options.envFiles ?? []).map(seen),
      // Whoever moves the folder stands in it again afterwards.
      env: { ...options.env, ...(PWD === undefined ? {} : { PWD: seen(PWD) }) },
    };
    const model = await resolveProject(compose, { files: source.files.map(seen), folder: there }, moved, signal);
    const asMoved = (_: string, value: unknown): unknown =>
      typeof value === 'string' ? value.replaceAll(root, '') : value;
    return { model: JSON.parse(JSON.stringify(model), asMoved) as ProjectModel, folder };
  } finally {
    await cleanup();
  }
}

/** A name beside the folder's own that nothing has. */
async function freeName(folder: string): Promise<string> {
  const taken = new Set(await readdir(dirname(folder)).catch(() => []));
  let name = `${basename(folder)}-moved`;
  while (taken.has(name)) name += '-moved';
  return join(dirname(folder), name);
}

/** Makes the folder again below `root`, with links to what lies in it and beside it, at every height. @returns where */
async function mirror(folder: string, root: string): Promise<string> {
  let original = parse(folder).root;
  let copy = root;
  const link = async (but: string | undefined): Promise<void> => {
    // What may not be looked at is not there to be found.
    const beside = (await readdir(original).catch(() => [])).filter((name) => name !== but);
    await Promise.all(beside.map(async (name) => symlink(join(original, name), join(copy, name))));
  };
  for (const name of relative(original, folder).split(sep).filter(Boolean)) {
    await link(name);
    original = join(original, name);
    copy = join(copy, name);
    await mkdir(copy);
  }
  await link(undefined);
  return copy;
}
