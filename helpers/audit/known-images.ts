import type { DatabaseEngine, ImageFacts } from './image-facts.ts';

/** A well-known image. */
export interface KnownImage {
  /** Names without registry and tag, as they stand in Compose files. */
  readonly names: readonly string[];
  readonly engine: DatabaseEngine | null;
  /** Paths of VOLUME. */
  readonly volumes: readonly string[];
  /** Where it keeps its data, where that is more or less than its VOLUMEs. */
  readonly data?: readonly string[];
  /** In place of the above from this version on. */
  readonly since?: {
    readonly major: number;
    readonly minor?: number;
    readonly volumes: readonly string[];
    readonly data?: readonly string[];
  };
  /** The major version in a tag, where it does not begin with it. */
  readonly version?: RegExp;
  /** Nothing is known from this major version on. */
  readonly unknownFrom?: number;
  /** Variable that moves the data. */
  readonly dataVariable?: string;
  readonly user?: string;
  /** Ports of the server. */
  readonly ports?: readonly number[];
  /** The data's folder is named after the host. */
  readonly keyedOnHostname?: true;
  /** Variables with the key that encrypts the data; made anew in `path` where they are not set. */
  readonly keys?: { readonly variables: readonly string[]; readonly path: string };
  /** A new major version does not read the files of the one before. */
  readonly upgradesByHand?: true;
  /** The distribution beneath its tags changes, and with it the collation of its indexes. */
  readonly collates?: true;
  /** Where this was read: the image's own Dockerfile or its manual. */
  readonly source: string;
}

const GITHUB = 'https://github.com';

/** Facts for machines where no engine can be asked. */
export const KNOWN_IMAGES: readonly KnownImage[] = [
  {
    names: ['postgres', 'postgis/postgis', 'pgvector/pgvector', 'ghcr.io/immich-app/postgres'],
    engine: 'postgres',
    volumes: ['/var/lib/postgresql/data'],
    since: { major: 18, volumes: ['/var/lib/postgresql'] },
    dataVariable: 'PGDATA',
    ports: [5432],
    upgradesByHand: true,
    collates: true,
    source: `${GITHUB}/docker-library/postgres/blob/master/18/trixie/Dockerfile`,
  },
  {
    names: ['timescale/timescaledb'],
    engine: 'postgres',
    // What the image of PostgreSQL has, on which it is built.
    volumes: ['/var/lib/postgresql/data'],
    since: { major: 18, volumes: ['/var/lib/postgresql'] },
    version: /-pg(\d+)/,
    dataVariable: 'PGDATA',
    ports: [5432],
    upgradesByHand: true,
    source: `${GITHUB}/timescale/timescaledb-docker/blob/main/Dockerfile`,
  },
  {
    names: ['mysql'],
    engine: 'mysql',
    volumes: ['/var/lib/mysql'],
    ports: [3306],
    upgradesByHand: true,
    source: `${GITHUB}/docker-library/mysql/blob/master/8.4/Dockerfile.oracle`,
  },
  {
    names: ['mariadb'],
    engine: 'mysql',
    volumes: ['/var/lib/mysql'],
    ports: [3306],
    upgradesByHand: true,
    source: `${GITHUB}/MariaDB/mariadb-docker/blob/master/11.4/Dockerfile`,
  },
  {
    names: ['mongo'],
    engine: 'mongodb',
    volumes: ['/data/db', '/data/configdb'],
    data: ['/data/db'],
    ports: [27017],
    upgradesByHand: true,
    source: `${GITHUB}/docker-library/mongo/blob/master/8.0/Dockerfile`,
  },
  {
    names: ['redis'],
    engine: 'redis',
    volumes: ['/data'],
    since: { major: 8, minor: 6, volumes: [], data: ['/data'] },
    ports: [6379],
    source: `${GITHUB}/docker-library/repo-info/tree/master/repos/redis/remote`,
  },
  {
    names: ['valkey/valkey'],
    engine: 'redis',
    // Patch releases of before the end of 2025 had it as a VOLUME.
    volumes: [],
    data: ['/data'],
    ports: [6379],
    source: `${GITHUB}/valkey-io/valkey-container/pull/84`,
  },
  {
    names: ['rabbitmq'],
    engine: 'other',
    volumes: ['/var/lib/rabbitmq'],
    ports: [5672],
    keyedOnHostname: true,
    source: `${GITHUB}/docker-library/rabbitmq/blob/master/3.13/ubuntu/Dockerfile`,
  },
  {
    names: ['influxdb'],
    engine: 'other',
    volumes: ['/var/lib/influxdb'],
    since: { major: 2, volumes: ['/var/lib/influxdb2', '/etc/influxdb2'], data: ['/var/lib/influxdb2'] },
    unknownFrom: 3,
    ports: [8086],
    upgradesByHand: true,
    source: `${GITHUB}/influxdata/influxdata-docker/blob/master/influxdb/2.9/Dockerfile`,
  },
  {
    names: ['elasticsearch', 'docker.elastic.co/elasticsearch/elasticsearch'],
    engine: 'other',
    volumes: [],
    data: ['/usr/share/elasticsearch/data'],
    user: '1000',
    ports: [9200],
    upgradesByHand: true,
    source: `${GITHUB}/elastic/dockerfiles/blob/fee99c955058383955d074689a499ffa0ebcf245/elasticsearch/Dockerfile`,
  },
  {
    names: ['clickhouse/clickhouse-server'],
    engine: 'other',
    volumes: ['/var/lib/clickhouse'],
    ports: [8123, 9000],
    source: `${GITHUB}/ClickHouse/ClickHouse/blob/master/docker/server/Dockerfile.ubuntu`,
  },
  {
    names: ['neo4j'],
    engine: 'other',
    volumes: ['/data', '/logs'],
    data: ['/data'],
    ports: [7687],
    upgradesByHand: true,
    source: `${GITHUB}/neo4j/docker-neo4j/blob/22a4d153e3973fd6326f9f3eec1e20e19d79a3c3/docker-image-src/calver/coredb/Dockerfile-trixie`,
  },
  {
    names: ['couchdb'],
    engine: 'other',
    volumes: ['/opt/couchdb/data'],
    ports: [5984],
    source: `${GITHUB}/apache/couchdb-docker/blob/main/3.4.2/Dockerfile`,
  },
  {
    names: ['grafana/grafana', 'grafana/grafana-oss'],
    engine: null,
    volumes: [],
    data: ['/var/lib/grafana'],
    user: '472',
    source: `${GITHUB}/grafana/grafana/blob/main/Dockerfile`,
  },
  {
    names: ['prom/prometheus'],
    engine: null,
    volumes: ['/prometheus'],
    user: 'nobody',
    source: `${GITHUB}/prometheus/prometheus/blob/main/Dockerfile`,
  },
  {
    names: ['gitea/gitea'],
    engine: null,
    volumes: ['/data'],
    source: `${GITHUB}/go-gitea/gitea/blob/main/Dockerfile`,
  },
  {
    names: ['nextcloud'],
    engine: null,
    volumes: ['/var/www/html'],
    source: `${GITHUB}/nextcloud/docker/blob/master/Dockerfile-debian.template`,
  },
  {
    names: ['wordpress'],
    engine: null,
    volumes: ['/var/www/html'],
    source: `${GITHUB}/docker-library/wordpress/blob/master/Dockerfile.template`,
  },
  {
    names: ['ghost'],
    engine: null,
    volumes: ['/var/lib/ghost/content'],
    source: `${GITHUB}/docker-library/ghost/blob/master/6/bookworm/Dockerfile`,
  },
  {
    names: ['vaultwarden/server'],
    engine: null,
    volumes: ['/data'],
    source: `${GITHUB}/dani-garcia/vaultwarden/blob/main/docker/Dockerfile.debian`,
  },
  {
    names: ['n8nio/n8n', 'docker.n8n.io/n8nio/n8n'],
    engine: null,
    volumes: [],
    data: ['/home/node/.n8n'],
    user: 'node',
    keys: { variables: ['N8N_ENCRYPTION_KEY', 'N8N_ENCRYPTION_KEY_FILE'], path: '/home/node/.n8n' },
    source: 'https://docs.n8n.io/hosting/configuration/configuration-examples/encryption-key/',
  },
  {
    names: ['node'],
    engine: null,
    volumes: [],
    source: `${GITHUB}/nodejs/docker-node/blob/main/24/bookworm-slim/Dockerfile`,
  },
  {
    names: ['python', 'ruby', 'golang', 'php', 'rust', 'eclipse-temurin', 'openjdk'],
    engine: null,
    volumes: [],
    source: `${GITHUB}/docker-library/repo-info`,
  },
  {
    names: ['alpine', 'debian', 'ubuntu', 'busybox', 'nginx', 'httpd'],
    engine: null,
    volumes: [],
    source: `${GITHUB}/docker-library/repo-info`,
  },
  {
    names: ['minio/minio'],
    engine: null,
    volumes: ['/data'],
    source: `${GITHUB}/minio/minio/blob/master/Dockerfile.release`,
  },
];

/** An image reference, taken apart. */
export interface ImageName {
  /** Without Docker Hub's own prefixes, tag and digest. */
  readonly name: string;
  /** `null` where none is written. */
  readonly tag: string | null;
  readonly digest: string | null;
}

export function imageNameOf(reference: string): ImageName {
  const [rest = '', digest = null] = reference.split('@', 2);
  const colon = rest.lastIndexOf(':');
  const hasTag = colon > rest.lastIndexOf('/');
  const name = (hasTag ? rest.slice(0, colon) : rest).replace(/^(index\.)?docker\.io\//, '').replace(/^library\//, '');
  return { name, tag: hasTag ? rest.slice(colon + 1) : null, digest };
}

export function knownImage(reference: string): KnownImage | null {
  const { name } = imageNameOf(reference);
  return KNOWN_IMAGES.find(({ names }) => names.includes(name)) ?? null;
}

/** The version that a tag names; `latest` and the like, and a tag of a major version alone, have the newest. `null`: it names none. */
function versionOf(
  { version }: KnownImage,
  reference: string,
): { readonly major: number; readonly minor: number } | null {
  const { tag } = imageNameOf(reference);
  const newest = Number.POSITIVE_INFINITY;
  if (version === undefined && (tag === null || tag === 'latest' || tag === 'alpine'))
    return { major: newest, minor: newest };
  const [, major, minor = newest] = (version ?? /^v?(\d+)(?:\.(\d+))?/).exec(tag ?? '') ?? [];
  return major === undefined ? null : { major: Number(major), minor: Number(minor) };
}

/** The major version that a tag names. `null`: it names none. */
export function majorOf(known: KnownImage, reference: string): number | null {
  return versionOf(known, reference)?.major ?? null;
}

/** Is it a version since which its data lies elsewhere? `null` where its tag does not tell. */
export function hasMoved(known: KnownImage, reference: string): boolean | null {
  const { since } = known;
  if (since === undefined) return false;
  const version = versionOf(known, reference);
  if (version === null) return null;
  return version.major === since.major ? version.minor >= (since.minor ?? 0) : version.major > since.major;
}

/** What the table says of an image. `null` where it says nothing. */
export function factsOfKnown(reference: string): ImageFacts | null {
  const known = knownImage(reference);
  if (!known) return null;
  const moved = hasMoved(known, reference);
  // A tag without a version may be of either kind.
  if (moved === null) return null;
  if (known.unknownFrom !== undefined && (versionOf(known, reference)?.major ?? Infinity) >= known.unknownFrom)
    return null;
  const volumes = moved ? (known.since?.volumes ?? []) : known.volumes;
  return {
    volumes,
    complete: true,
    data: moved ? (known.since?.data ?? volumes) : (known.data ?? known.volumes),
    user: known.user ?? '',
    workdir: null,
    stopSignal: null,
    env: {},
    cmd: null,
    entrypoint: null,
  };
}
