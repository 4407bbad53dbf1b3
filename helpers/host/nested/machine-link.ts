import { connect, constants, type ClientHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import { Duplex, PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import type Docker from 'dockerode';
import { AGENT_ENV, NODE_ARGV, TOOLBOX_MOUNT } from '../../probe/toolbox.ts';
import type { MachineCalls } from './machine-agent.ts';
import { BOOT_ID, ENGINE_SOCKET } from './machine-script.ts';
import { WIDE, widen } from './wide-session.ts';

const AGENT = `${TOOLBOX_MOUNT}/helpers/host/nested/machine-agent.js`;

/** Our way into a nested host that runs: many connections over one stream, which is an `exec` of the outer engine. No port is opened. */
export class MachineLink {
  readonly #session: ClientHttp2Session;
  /** Resolves when the machine, or its agent, has ended. */
  readonly ended: Promise<void>;
  #over = false;

  /** @param machine a container that has the toolbox */
  static async open(docker: Docker, machine: string): Promise<MachineLink> {
    const exec = await docker.getContainer(machine).exec({
      Cmd: [...NODE_ARGV, AGENT, ENGINE_SOCKET, BOOT_ID],
      Env: [...AGENT_ENV],
      User: '0:0',
      WorkingDir: '/',
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
    });
    const stream = await exec.start({ hijack: true, stdin: true });
    const stdout = new PassThrough();
    docker.modem.demuxStream(stream, stdout, new PassThrough().resume());
    stream.once('close', () => stdout.end());
    stream.once('end', () => stdout.end());
    // The types know web streams alone.
    return new MachineLink(Duplex.from({ readable: stdout, writable: stream } as never));
  }

  private constructor(duplex: Duplex) {
    this.#session = connect('http://machine', { createConnection: () => duplex, ...WIDE });
    this.#session.once('connect', () => widen(this.#session));
    this.ended = new Promise((resolve) => this.#session.once('close', resolve)).then(() => {
      this.#over = true;
    });
    // What was under way is told so, each for itself.
    this.#session.on('error', () => {});
  }

  get over(): boolean {
    return this.#over;
  }

  /** @throws Error what the call has thrown there; when the machine ends first */
  async call<K extends keyof MachineCalls>(
    name: K,
    ...args: Parameters<MachineCalls[K]>
  ): Promise<Awaited<ReturnType<MachineCalls[K]>>> {
    const stream = this.#session.request({ ':method': 'POST', ':path': `/${name}` });
    const status = new Promise<number | undefined>((resolve) => {
      stream.once('response', (headers) => resolve(headers[':status']));
      stream.once('close', () => resolve(undefined));
    });
    stream.end(JSON.stringify(args));
    const answer = await text(stream);
    if ((await status) !== constants.HTTP_STATUS_OK) throw new Error(answer || 'The nested host has ended.');
    return JSON.parse(answer) as Awaited<ReturnType<MachineCalls[K]>>;
  }

  /** Leads a connection to the engine. */
  carry(socket: Socket): void {
    if (this.#over) {
      socket.destroy();
      return;
    }
    const stream = this.#session.request({ ':method': 'CONNECT', ':authority': 'engine' });
    socket.pipe(stream);
    stream.pipe(socket);
    stream.on('error', () => socket.destroy());
    stream.on('close', () => socket.destroySoon());
    socket.on('error', () => stream.close(constants.NGHTTP2_CANCEL));
    socket.on('close', () => stream.close(constants.NGHTTP2_CANCEL));
  }

  close(): void {
    this.#session.destroy();
  }
}
