import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dir } from 'tmp-promise';
import { describe, test as base } from 'vitest';
import type { OutlastError } from '../errors.ts';
import type { Refusal } from './allow-list.ts';
import { refuse, refuseUnknown } from './refusals.ts';
import { SourceLines } from './source-lines.ts';

const test = base
  .extend('file', async ({}, { onCleanup }) => {
    const made = await dir({ prefix: 'outlast-refusals-', unsafeCleanup: true });
    onCleanup(async () => made.cleanup());
    const file = join(made.path, 'compose.yaml');
    await writeFile(
      file,
      'services:\n  app:\n    pid: host\n    uts: host\n    volumes:\n      - a:/a\n      - ./it is:/b\n',
    );
    return file;
  })
  .extend('lines', async ({ file }) => SourceLines.read([file]));

const refusal = (key: string, more: Partial<Refusal> = {}): Refusal => ({
  key,
  path: key.split('.'),
  why: 'it is',
  ...more,
});
const PID = refusal('services.app.pid');
const UTS = refusal('services.app.uts');
const BIND = refusal("services.app.volumes:/srv/it's $(here)", {
  path: ['services', 'app', 'volumes'],
  mention: '/b',
});

function thrown(work: () => void): OutlastError | null {
  try {
    work();
    return null;
  } catch (error) {
    return error as OutlastError;
  }
}

describe('what is refused', () => {
  test('is named with its line and the flag for it', ({ file, lines, expect }) => {
    const error = thrown(() => refuse([PID, UTS, BIND], [], lines));
    expect(error).toMatchObject({ code: 'KEY_REFUSED', exitCode: 2 });
    expect(error?.message).toBe(`Refused: ${PID.key}, ${UTS.key}, ${BIND.key}.`);
    expect(error?.detail?.split('\n')).toEqual([
      `${file}:3: ${PID.key}: it is`,
      `${file}:4: ${UTS.key}: it is`,
      `${file}:7: ${BIND.key}: it is`,
      `To let it through: --allow services.app.pid --allow services.app.uts --allow 'services.app.volumes:/srv/it'\\''s $(here)'`,
    ]);
  });

  test('is let through by its name, and no other', ({ lines, expect }) => {
    expect(thrown(() => refuse([PID, BIND], [PID.key, BIND.key], lines))).toBeNull();
    expect(thrown(() => refuse([PID, UTS], [PID.key, 'services.app'], lines))?.message).toBe(`Refused: ${UTS.key}.`);
  });
});

describe('a key that is allowed', () => {
  test.for([
    [[], []],
    [[], [PID.key]],
    [[PID.key], [PID.key, UTS.key]],
  ] as const)('%j is one of %j', ([allowed, known], { expect }) => {
    expect(thrown(() => refuseUnknown(allowed, known))).toBeNull();
  });

  test('and that nothing refuses is a mistake', ({ expect }) => {
    const error = thrown(() => refuseUnknown([PID.key, 'services.app.uds', "it's"], [PID.key, UTS.key, UTS.key]));
    expect(error).toMatchObject({ code: 'UNKNOWN_KEY', exitCode: 2 });
    expect(error?.message).toBe(`--allow services.app.uds 'it'\\''s': nothing refuses it.`);
    expect(error?.detail).toBe('To be allowed here: services.app.pid, services.app.uts');
    expect(thrown(() => refuseUnknown(['a'], []))?.detail).toBe('Nothing of this stack is refused.');
  });
});
