import { closeSync, fsyncSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { actAs, type Identity } from './identity.ts';

const REFUSALS = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT', 'ENOTDIR']);

/** Could a process with these ids write here? A folder gets a file for a moment; a file is opened; what is absent is asked of its parent. */
export function isWritable(path: string, identity: Identity): boolean {
  try {
    actAs(identity, () => tryWrite(path));
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (code === 'ENOENT' && dirname(path) !== path) return isWritable(dirname(path), identity);
    if (REFUSALS.has(code)) return false;
    throw error;
  }
}

function tryWrite(path: string): void {
  if (!statSync(path).isDirectory()) {
    closeSync(openSync(path, 'r+'));
    return;
  }
  const file = join(path, `.outlast-writable-${process.pid}`);
  const handle = openSync(file, 'wx', 0o600);
  try {
    // An empty file fits on a full disk.
    writeSync(handle, Buffer.alloc(4096));
    fsyncSync(handle);
  } finally {
    closeSync(handle);
    rmSync(file, { force: true });
  }
}
