/** System errors by which a place says that it cannot be written. */
const REFUSALS = new Set([
  'EACCES',
  'EPERM',
  'EROFS',
  'ENOSPC',
  'EDQUOT',
  'ENOTDIR',
  'EISDIR',
  'EEXIST',
  'ENAMETOOLONG',
]);

/** Did the place refuse (no right, no room, read-only)? Says nothing about what was written before the error. */
export function isRefusal(error: unknown): boolean {
  return REFUSALS.has((error as NodeJS.ErrnoException | null)?.code ?? '');
}
