import { stripVTControlCharacters } from 'node:util';

/** A name from outside must not steer the terminal. */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex
  return stripVTControlCharacters(text).replaceAll(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, '�');
}
