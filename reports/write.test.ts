import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dir } from 'tmp-promise';
import { expect, test } from 'vitest';
import { goodCell, lostCell, sampleReport } from './sample.ts';
import { writeReport } from './write.ts';

test('a failed cell leaves its evidence in a folder of its own, until the next report', async () => {
  const { path: folder, cleanup } = await dir({ unsafeCleanup: true });
  const log = { kind: 'log' as const, text: 'app | no space left' };
  const cell = { ...lostCell, disruption: '../../down-up', evidence: [...lostCell.evidence, log] };
  await writeReport(folder, sampleReport([goodCell, cell]));
  const place = join(folder, 'evidence', '-down-up', cell.store);
  expect(JSON.parse(readFileSync(join(place, 'cell.json'), 'utf8'))).toMatchObject({
    store: cell.store,
    lost: cell.lost,
  });
  expect(readFileSync(join(place, 'service.log'), 'utf8')).toBe('app | no space left\n');
  expect(existsSync(join(folder, 'evidence', goodCell.disruption))).toBe(false);

  await writeReport(folder, sampleReport([goodCell]));
  expect(existsSync(join(folder, 'evidence'))).toBe(false);
  await cleanup();
});
