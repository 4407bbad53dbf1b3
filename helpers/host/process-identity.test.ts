import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';
import { sendSignal } from './process-identity.ts';

test('a signal ends a process, and is no fault where it has ended already', async () => {
  const child = spawn('sleep', ['1000']);
  await once(child, 'spawn');
  const ended = once(child, 'exit');
  sendSignal(child.pid as number, 'SIGTERM');
  expect(await ended).toEqual([null, 'SIGTERM']);
  expect(() => sendSignal(child.pid as number, 'SIGTERM')).not.toThrow();
  expect(() => sendSignal(process.pid, 'SIGNONE' as NodeJS.Signals)).toThrow('Unknown signal');
});
