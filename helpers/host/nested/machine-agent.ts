import { readFile, stat } from 'node:fs/promises';
import { constants, performServerHandshake, type ServerHttp2Stream } from 'node:http2';
import { connect } from 'node:net';
import { Duplex } from 'node:stream';
import { json } from 'node:stream/consumers';
import * as files from '../files/file-operations.ts';
import { identify } from '../process-identity.ts';
import { WIDE, widen } from './wide-session.ts';

// Runs inside a nested host, where it is started with Node alone. It speaks HTTP/2 over stdin and stdout: `CONNECT` leads to the engine's socket, `POST /name` calls one of these.
const [engineSocket = '', bootFile = ''] = process.argv.slice(2);

const calls = {
  ...files,
  /** Random id of this boot and start time of its init. */
  async bootId(): Promise<string | null> {
    const random = await readFile(bootFile, 'utf8').catch(() => null);
    const init = await identify(1);
    return random === null || init === null ? null : `${random.trim()}@${init.startTime}`;
  },
  /** When this boot began, in milliseconds. */
  async bootedAt(): Promise<number | null> {
    return stat(bootFile).then(
      ({ mtimeMs }) => mtimeMs,
      () => null,
    );
  },
};

export type MachineCalls = typeof calls;

async function answer(stream: ServerHttp2Stream, name: string): Promise<void> {
  try {
    const call = calls[name as keyof MachineCalls] as (...args: unknown[]) => Promise<unknown>;
    const value = await call(...((await json(stream)) as unknown[]));
    stream.respond({ ':status': constants.HTTP_STATUS_OK });
    stream.end(JSON.stringify(value ?? null));
  } catch (error) {
    stream.respond({ ':status': constants.HTTP_STATUS_INTERNAL_SERVER_ERROR });
    stream.end(String(error));
  }
}

function lead(stream: ServerHttp2Stream): void {
  const socket = connect({ path: engineSocket, allowHalfOpen: true });
  socket.once('connect', () => {
    stream.respond({ ':status': constants.HTTP_STATUS_OK });
    stream.pipe(socket);
    socket.pipe(stream);
  });
  socket.on('error', () => stream.close(constants.NGHTTP2_CONNECT_ERROR));
  stream.on('error', () => socket.destroy());
  stream.on('close', () => socket.destroySoon());
}

// The types know web streams alone.
const duplex = Duplex.from({ readable: process.stdin, writable: process.stdout } as never);
const session = performServerHandshake(duplex, WIDE);
widen(session);
session.on('stream', (stream, headers) => {
  if (headers[':method'] === 'CONNECT') lead(stream);
  else void answer(stream, String(headers[':path']).slice(1));
});
session.on('error', () => process.exit(1));
session.on('close', () => process.exit());
