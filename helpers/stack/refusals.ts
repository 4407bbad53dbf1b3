import { OutlastError } from '../errors.ts';
import type { Refusal } from './allow-list.ts';
import type { SourceLines } from './source-lines.ts';

/**
 * Stops a stack that asks for what was not allowed by name. Pure.
 * @param allowed keys, as the error names them
 * @throws OutlastError KEY_REFUSED with every key, its file and line, and the flag that lets it through
 */
export function refuse(refused: readonly Refusal[], allowed: readonly string[], lines: SourceLines): void {
  const left = refused.filter(({ key }) => !allowed.includes(key));
  if (left.length === 0) return;
  const keys = [...new Set(left.map(({ key }) => key))];
  throw new OutlastError('KEY_REFUSED', `Refused: ${keys.join(', ')}.`, {
    detail: [
      ...left.map(({ key, path, mention, why }) => `${lines.locate(path, mention)}: ${key}: ${why}`),
      `To let it through: ${keys.map((key) => `--allow ${quoted(key)}`).join(' ')}`,
    ].join('\n'),
  });
}

/**
 * A key that is allowed and that nothing would refuse is a mistake: of another stack, or mistyped.
 * @param known every key that can be refused here
 * @throws OutlastError UNKNOWN_KEY
 */
export function refuseUnknown(allowed: readonly string[], known: readonly string[]): void {
  const unknown = allowed.filter((key) => !known.includes(key));
  if (unknown.length === 0) return;
  const detail =
    known.length === 0 ? 'Nothing of this stack is refused.' : `To be allowed here: ${[...new Set(known)].join(', ')}`;
  throw new OutlastError('UNKNOWN_KEY', `--allow ${unknown.map(quoted).join(' ')}: nothing refuses it.`, { detail });
}

/** As a shell takes it for one word. */
function quoted(text: string): string {
  return /^[\w.:/@=+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
