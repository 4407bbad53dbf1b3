import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** Lines that end with `\n` and with nothing else: JSON may hold U+2028 as it is, where `readline` would cut. */
export async function* linesOf(input: Readable): AsyncGenerator<string, void, undefined> {
  const decoder = new StringDecoder('utf8');
  // Kept in pieces: a reply of many megabytes comes in many chunks.
  let pieces: string[] = [];
  for await (const chunk of input as AsyncIterable<Buffer>) {
    const [head = '', ...tails] = decoder.write(chunk).split('\n');
    pieces.push(head);
    for (const tail of tails) {
      yield pieces.join('');
      pieces = [tail];
    }
  }
}
