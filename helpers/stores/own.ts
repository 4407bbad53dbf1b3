import { createHash } from 'node:crypto';
import type { OwnGroup } from '../verdict/own-data.ts';

/** How many entries of a group are looked at one by one; more are counted. */
export const OWN_LIMIT = 5000;

/** Tells values from others; short, for it is only ever compared. */
export function digestOf(values: readonly unknown[]): string {
  const hash = createHash('sha256');
  for (const value of values) {
    const bytes = Buffer.isBuffer(value) ? value : Buffer.from(textOf(value));
    hash.update(`${bytes.length} `).update(bytes);
  }
  return hash.digest('base64url').slice(0, 16);
}

function textOf(value: unknown): string {
  return typeof value === 'bigint' ? `${value}n` : (JSON.stringify(value) ?? '');
}

/** Entries by the group that each is of. */
export function grouped(unit: OwnGroup['unit'], entries: readonly OwnEntry[]): OwnGroup[] {
  return [...Map.groupBy(entries, ({ group }) => group)].map(([name, members]) => ({
    name,
    unit,
    count: members.length,
    entries: members.length > OWN_LIMIT ? null : members.map(({ key, content }) => [key, content]),
  }));
}

interface OwnEntry {
  readonly group: string;
  readonly key: string;
  readonly content: string;
}
