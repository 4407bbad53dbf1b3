import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { dir } from 'tmp-promise';
import { test } from 'vitest';
import { listeningSockets } from './listening.ts';

test.for(['tcp', 'unix'] as const)(
  'a %s socket that begins to listen changes the list',
  async (kind, { expect, onTestFinished }) => {
    const folder = await dir({ prefix: 'outlast-listening-', unsafeCleanup: true });
    const server = createServer();
    onTestFinished(async () => {
      server.close();
      await folder.cleanup();
    });
    const before = listeningSockets();
    if (kind === 'tcp') server.listen(0, '127.0.0.1');
    else server.listen(join(folder.path, 'socket'));
    await once(server, 'listening');
    expect(listeningSockets()).not.toBe(before);
  },
);
