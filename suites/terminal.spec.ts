import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe } from 'vitest';
import { outlastInTerminal } from '../fixtures/cli.ts';
import { test } from '../fixtures/folder.ts';

/** Its app takes no notice of SIGTERM: every stop takes all of its grace. */
const FILES = {
  'compose.yaml': `name: stubborn
services:
  app:
    build: { context: ., args: { BASE_IMAGE: '\${BASE_IMAGE:-node:24-bookworm-slim}' } }
    command: [sleep, infinity]
    stop_grace_period: 4s
    volumes: ['data:/data']
volumes: { data: {} }
`,
  Dockerfile: 'ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nRUN mkdir /data\n',
  'outlast.yaml': 'stores:\n  - { id: rows, kind: files, service: app, path: /data }\n',
};

const STEP = /(writing rows|disrupting|waiting until ready|reading back) · ([\d.]+\u00A0(?:ms|s)) so far/g;

describe('in a terminal', () => {
  test('a run shows the step that it is at, and for how long it has been at it', async ({ folder, signal, expect }) => {
    for (const [name, text] of Object.entries(FILES)) await writeFile(join(folder, name), text);
    const args = ['run', '--only', 'restart,stop-start'];
    const { exitCode, stdout } = await outlastInTerminal(args, { cwd: folder, signal });
    expect(exitCode, stdout).toBe(0);
    // What was shown is drawn over.
    expect(stdout).toContain('\u001B[1A');
    const [first = '', second = ''] = stdout.split('stop-start: ');
    const shown = Map.groupBy(first.matchAll(STEP), ([, doing]) => doing);
    expect([...shown.keys()]).toEqual(['writing rows', 'disrupting', 'waiting until ready', 'reading back']);
    // The clock goes on while nothing else does.
    const clocks = new Set(shown.get('disrupting')?.map(([, , clock]) => clock));
    expect(clocks.size).toBeGreaterThan(2);
    // Once one has ended, what is left is known.
    expect(first).not.toMatch(/so far, .* left/);
    expect(second).toMatch(/so far, (about [\d.]+\u00A0s|a few seconds) left/);
    expect(stdout).toMatch(/• restart: .*survived/);
  });
});
