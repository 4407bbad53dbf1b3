import { isAbsolute, relative, sep } from 'node:path';

/** Is it the folder, or does it lie below? */
export function isWithin(folder: string, path: string): boolean {
  const below = relative(folder, path);
  return below !== '..' && !below.startsWith(`..${sep}`) && !isAbsolute(below);
}
