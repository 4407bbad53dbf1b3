import type { Http2Session } from 'node:http2';

/** Bytes that may be under way before the other side has taken them. */
const WINDOW = 8 * 1024 * 1024;

/** Whole images come by: with the windows that are usual, each piece would wait for a word from the other side. */
export const WIDE = { maxSessionMemory: 1024, settings: { initialWindowSize: WINDOW, maxFrameSize: 1024 * 1024 } };

/** The same for all streams together. Call it once the session is connected. */
export function widen(session: Http2Session): void {
  session.setLocalWindowSize(4 * WINDOW);
}
