import { describe, expect, test } from 'vitest';
import { DISRUPTIONS } from '../disruptions/catalogue.ts';
import type { ServiceModel } from '../stack/project-model.ts';
import type { Outcome } from '../verdict/model.ts';
import { predict, type PredictedStore, type ServiceFacts } from './predict.ts';

const known: ServiceFacts = { volumes: [], complete: true, uid: 0, unwritable: new Set(), afterRebuild: () => 'found' };
const store: PredictedStore = { id: 'rows', kind: 'files', service: 'app', path: '/data/rows', inBackup: false };
const mounted = (type: string, source?: string): ServiceModel => ({
  restart: 'always',
  volumes: [{ type, target: '/data', ...(source === undefined ? {} : { source }) }],
});

function predictions(
  service: ServiceModel,
  facts: Partial<ServiceFacts> = {},
  where: Partial<PredictedStore> = {},
): Record<string, Outcome | null> {
  const model = { name: 'shop', services: { app: service } };
  const all = predict(
    model,
    { services: new Map([['app', { ...known, ...facts }]]), leftByMove: new Set(['unnamed', '/srv/shop/whole']) },
    [{ ...store, ...where }],
    DISRUPTIONS,
  );
  return Object.fromEntries(all.map(({ disruption, predicted }) => [disruption, predicted]));
}

/** By the layer that holds the bytes: what each default disruption does to them. */
const BY_LAYER: readonly (readonly [string, ServiceModel, Partial<ServiceFacts>, Record<string, Outcome>])[] = [
  [
    'a named volume',
    mounted('volume', 'data'),
    {},
    { recreate: 'survived', 'down-up': 'survived', 'down-volumes': 'lost' },
  ],
  [
    'a bind',
    mounted('bind', '/srv/data'),
    {},
    { recreate: 'survived', 'down-up': 'survived', 'down-volumes': 'survived' },
  ],
  ['an anonymous volume', mounted('volume'), {}, { recreate: 'survived', 'down-up': 'hidden', 'down-volumes': 'lost' }],
  ["the image's volume", { restart: 'always' }, { volumes: ['/data'] }, { recreate: 'survived', 'down-up': 'hidden' }],
  [
    'the container',
    { restart: 'always' },
    {},
    { restart: 'survived', reboot: 'survived', recreate: 'lost', 'down-up': 'lost' },
  ],
  [
    'a tmpfs',
    { restart: 'always', tmpfs: ['/data:size=1m'] },
    {},
    { restart: 'lost', reboot: 'lost', 'down-up': 'lost' },
  ],
  ["the image's volume below a mount", mounted('volume', 'data'), { volumes: ['/data/rows'] }, { 'down-up': 'hidden' }],
];

describe('predict', () => {
  test.for(BY_LAYER)('data on %s', ([, service, facts, expected]) => {
    expect(predictions(service, facts)).toMatchObject(expected);
  });

  test.for([
    [undefined, 'unavailable'],
    ['no', 'unavailable'],
    ['on-failure', 'unavailable'],
    ['unless-stopped', 'survived'],
    ['always', 'survived'],
  ] as const)('restart policy %s at a boot', ([restart, outcome]) => {
    const service: ServiceModel = { ...mounted('volume', 'data') };
    if (restart === undefined) delete service.restart;
    else service.restart = restart;
    const all = predictions(service);
    expect([all['reboot'], all['crash'], all['engine-upgrade']]).toEqual([outcome, outcome, outcome]);
    expect(all['restart']).toBe('survived');
  });

  test('a change of owner takes the right to write from whoever is not root', () => {
    expect(predictions(mounted('bind', '/srv'), { uid: 1001 })['uid-mismatch']).toBe('unwritable');
    expect(predictions(mounted('bind', '/srv'), { uid: 0 })['uid-mismatch']).toBe('survived');
    expect(predictions(mounted('bind', '/srv'), { uid: null })['uid-mismatch']).toBeNull();
  });

  test('a bind of another owner cannot be written after any disruption', () => {
    const all = predictions(mounted('bind', '/srv'), { uid: 1001, unwritable: new Set(['/data']) });
    expect([all['restart'], all['down-up']]).toEqual(['unwritable', 'unwritable']);
  });

  test('without the facts there is no prediction', () => {
    expect(predictions({ restart: 'always' }, { complete: false })['down-up']).toBeNull();
    expect(predictions(mounted('volume', 'data'), { complete: false })['down-up']).toBe('survived');
    expect(predictions(mounted('volume', 'data'), {}, { service: 'other' })['down-up']).toBeNull();
  });

  test('a folder that gets another name takes the names of its volumes along', () => {
    expect(predictions(mounted('volume', 'unnamed'))).toMatchObject({
      'move-project': 'hidden',
      'down-up': 'survived',
    });
    expect(predictions(mounted('volume', 'data'))['move-project']).toBe('survived');
    expect(predictions(mounted('bind', '/srv/data'))['move-project']).toBe('survived');
    expect(predictions(mounted('bind', '/srv/shop/whole'))['move-project']).toBe('hidden');
    expect(predictions(mounted('volume'))['move-project']).toBe('hidden');
  });

  test('a later version that keeps its data elsewhere does not find it, and Outlast itself does', () => {
    const data = mounted('volume', 'data');
    const moved: Partial<ServiceFacts> = {
      afterRebuild: (path) => (path === '/data/rows' ? 'not-looked-at' : 'found'),
    };
    const refused: Partial<ServiceFacts> = { afterRebuild: () => 'refused' };
    expect(predictions(data, moved, { kind: 'http' })).toMatchObject({ rebuild: 'hidden', recreate: 'survived' });
    expect(predictions(data, moved, { kind: 'files' })['rebuild']).toBe('survived');
    expect(predictions(data, refused, { kind: 'postgres' })).toMatchObject({
      rebuild: 'unavailable',
      recreate: 'survived',
    });
    expect(predictions(data, refused, { kind: 'files' })['rebuild']).toBe('unavailable');
    const dropped: Partial<ServiceFacts> = {
      volumes: ['/data'],
      afterRebuild: (_, volume) => (volume === '/data' ? 'not-mounted' : 'found'),
    };
    expect(predictions({ restart: 'always' }, dropped, { kind: 'files' })['rebuild']).toBe('hidden');
    expect(predictions(data, dropped, { kind: 'files' })['rebuild']).toBe('survived');
    expect(predictions({ restart: 'always' }, refused, { kind: 'postgres' })['rebuild']).toBe('lost');
  });

  test('a restore brings back what the backup promises', () => {
    expect(predictions(mounted('volume', 'data'))['restore']).toBeNull();
    expect(predictions(mounted('volume', 'data'), {}, { inBackup: true })['restore']).toBe('survived');
  });
});
