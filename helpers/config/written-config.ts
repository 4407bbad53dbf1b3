import { posix } from 'node:path';
import { Document, isNode, isSeq } from 'yaml';
import type { z } from 'zod';
import { DISRUPTIONS } from '../disruptions/catalogue.ts';
import type { MountRecord } from '../stack/mounts.ts';
import type { StoreKind } from '../stores/store.ts';
import type { DataVerdict, Layer } from '../verdict/model.ts';
import type { schema } from './config.ts';

/** A store that was found in a running stack. */
interface FoundStore {
  readonly id: string;
  readonly kind: string;
  readonly service: string;
  readonly path: string;
  readonly layer: Layer;
}

interface Found {
  /** Of the stack. */
  readonly name: string;
  readonly services: readonly string[];
  readonly mounts: readonly MountRecord[];
  readonly stores: readonly FoundStore[];
  /** Path of the schema, for an editor; `null`: there is none. */
  readonly schema: string | null;
}

type Config = z.input<typeof schema>;

/** A configuration that names what was found, with what is known of it in comments. Pure. */
export function writtenConfig({ name, services, mounts, stores, schema: path }: Found): string {
  const document = new Document({
    stores: stores.map(({ id, kind, service, path: at }) => ({ id, kind, service, path: at })),
  });
  const editor = path === null ? [] : [`yaml-language-server: $schema=${path}`];
  document.commentBefore = comment([
    ...editor,
    `Where the stack ${JSON.stringify(name)} keeps its data, as Outlast found it while the stack ran.`,
    'Correct what is wrong, and delete what nobody misses: what stands here is all that is watched.',
  ]);
  const entries = document.get('stores');
  stores.forEach((store, index) => {
    const entry = isSeq(entries) ? entries.items[index] : undefined;
    if (isNode(entry)) entry.commentBefore = comment(describe(store, mounts));
  });
  const examples = EXAMPLES.flatMap(({ says, of }) => ['', says, '', ...yamlOf(of(stores, services))]);
  document.comment = comment(examples.slice(1));
  return document.toString({ lineWidth: 0 });
}

const KINDS: Readonly<Partial<Record<string, string>>> = {
  sqlite: 'A SQLite database',
  files: 'Files',
  git: 'Git repositories',
  postgres: 'PostgreSQL',
  mysql: 'MySQL or MariaDB',
  redis: 'Redis or Valkey',
} satisfies Partial<Record<StoreKind, string>>;

const SERVERS: ReadonlySet<string> = new Set<StoreKind>(['postgres', 'mysql', 'redis']);

const PLACES: Readonly<Record<Layer, string>> = {
  'named-volume': 'in a named volume',
  bind: 'in a folder of the host',
  'anonymous-volume': 'in a volume without a name',
  container: "in the container's own layer",
  tmpfs: 'in memory',
  image: 'in the image',
};

function describe(store: FoundStore, mounts: readonly MountRecord[]): string[] {
  const mount = mounts
    .filter(({ service, target }) => service === store.service && !posix.relative(target, store.path).startsWith('..'))
    .toSorted((a, b) => b.target.length - a.target.length)[0];
  const named = mount?.source === undefined || mount.source === null ? '' : `, ${JSON.stringify(mount.source)}`;
  const after = (verdict: DataVerdict): string =>
    DISRUPTIONS.filter(({ effect }) => effect[store.layer] === verdict)
      .map(({ id }) => id)
      .join(', ');
  const ends = (['lost', 'hidden'] as const).flatMap((verdict) =>
    after(verdict) === '' ? [] : [`${verdict} by ${after(verdict)}`],
  );
  return [
    `${KINDS[store.kind] ?? store.kind} ${PLACES[store.layer]}${named}: ${ends.length > 0 ? ends.join('; ') : 'no disruption takes it'}.`,
    ...(SERVERS.has(store.kind)
      ? [
          "The login is that of the container's environment, unless `user`, `password` and `database`, or `url`, say otherwise.",
        ]
      : []),
    ...(store.kind === 'sqlite'
      ? ["Only a store of kind `http`, through the app's own API, tells of the app's own durability."]
      : []),
  ];
}

interface Example {
  readonly says: string;
  readonly of: (stores: readonly FoundStore[], services: readonly string[]) => Config;
}

/** What else can be said. */
const EXAMPLES: readonly Example[] = [
  {
    says: 'How the stack is backed up and restored, without which `restore` and `new-host` cannot run. No shell reads a command.',
    of: ([store]) => ({
      backup: {
        stores: [store?.id ?? ''],
        take: { exec: store?.service ?? '', command: ['your-backup', '--to-stdout'] },
        restore: { exec: store?.service ?? '', command: ['your-restore', '--from-stdin'] },
      },
    }),
  },
  {
    says: 'Services that are not started: those that send mail, or need hardware.',
    of: (stores, services) => ({
      leave_out: [services.find((service) => stores.every((store) => store.service !== service)) ?? services[0] ?? ''],
    }),
  },
  {
    says: 'What may be lost, and why. The report shows it as accepted.',
    of: ([store]) => ({
      expect: [{ store: store?.id ?? '', outcomes: ['lost'], reason: 'it is filled again by itself' }],
    }),
  },
  {
    says: 'Seconds until a service must be ready, and how large a folder may be that is copied.',
    of: () => ({ limits: { timeout: 180, copy: '50GiB' } }),
  },
];

function yamlOf(value: Config): string[] {
  return new Document(value).toString({ lineWidth: 0 }).trimEnd().split('\n');
}

/** Each line begins with a blank, and one without text has nothing else: so it stays in the comment. */
function comment(lines: readonly string[]): string {
  return lines.map((line) => ` ${line}`).join('\n');
}
