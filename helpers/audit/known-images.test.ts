import { describe, expect, test } from 'vitest';
import { factsOfKnown, imageNameOf, KNOWN_IMAGES, knownImage } from './known-images.ts';

test('each entry says where it was read, and no name stands there twice', () => {
  expect(KNOWN_IMAGES.filter(({ source }) => !source.startsWith('https://'))).toEqual([]);
  const names = KNOWN_IMAGES.flatMap((image) => image.names);
  expect(new Set(names).size).toBe(names.length);
});

describe('names', () => {
  test.for([
    ['postgres', { name: 'postgres', tag: null, digest: null }],
    ['docker.io/library/postgres:17', { name: 'postgres', tag: '17', digest: null }],
    ['localhost:5000/postgres', { name: 'localhost:5000/postgres', tag: null, digest: null }],
    ['a/b:1@sha256:0', { name: 'a/b', tag: '1', digest: 'sha256:0' }],
  ] as const)('%s', ([reference, expected]) => {
    expect(imageNameOf(reference)).toEqual(expected);
  });

  test('an image of the same name in another place is not known', () => {
    expect(knownImage('registry.example.com/postgres:17')).toBeNull();
  });
});

describe('facts', () => {
  test.for([
    ['postgres:17-alpine', ['/var/lib/postgresql/data']],
    ['postgres:18', ['/var/lib/postgresql']],
    ['postgres', ['/var/lib/postgresql']],
    ['postgres:latest', ['/var/lib/postgresql']],
    ['timescale/timescaledb:latest-pg17', ['/var/lib/postgresql/data']],
    ['timescale/timescaledb:2.23.0-pg18', ['/var/lib/postgresql']],
    ['timescale/timescaledb:latest-pg18-oss', ['/var/lib/postgresql']],
    ['elasticsearch:8.16.0', []],
    ['neo4j:2025-trixie', ['/data', '/logs']],
    ['redis:7-alpine', ['/data']],
    ['redis:8.4-alpine', ['/data']],
    ['redis:8.6', []],
    ['redis:8-alpine', []],
    ['redis:9.0', []],
    ['redis', []],
    ['valkey/valkey:8', []],
    ['influxdb:1.8', ['/var/lib/influxdb']],
    ['influxdb:2.7', ['/var/lib/influxdb2', '/etc/influxdb2']],
  ] as const)('the volumes of %s', ([reference, volumes]) => {
    expect(factsOfKnown(reference)?.volumes).toEqual(volumes);
  });

  test.for(['redis:8.4', 'redis:8.6', 'redis', 'valkey/valkey:8'])('the data of %s', (reference) => {
    expect(factsOfKnown(reference)?.data).toEqual(['/data']);
  });

  test.for(['postgres:bookworm', 'redis:trixie', 'influxdb:latest', 'timescale/timescaledb:2.23.0', 'example/app:1'])(
    'nothing is known of %s',
    (reference) => {
      expect(factsOfKnown(reference)).toBeNull();
    },
  );
});
