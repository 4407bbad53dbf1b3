import { isNewer } from '../host/engine/version-order.ts';

type FactKind =
  | 'machine'
  | 'boot'
  | 'engine'
  | 'container'
  | 'image'
  | 'started'
  | 'end'
  | 'network'
  | 'volume'
  | 'name'
  | 'folder'
  | 'owner'
  | 'user';

/** One thing that can be checked before and after: `app container 3f1c…`. */
export interface Fact {
  readonly kind: FactKind;
  /** Service, network, volume or bind; `host` for the machine, `project` for the project. */
  readonly subject: string;
  readonly value: string;
}

/** A stack may have no network or volume of its own; these it always has, or else there is nothing to claim. */
const ALWAYS_THERE: ReadonlySet<FactKind> = new Set([
  'machine',
  'boot',
  'engine',
  'container',
  'image',
  'owner',
  'folder',
]);

/** What a disruption claims about all facts of a kind. */
export interface Claims {
  readonly changes: readonly FactKind[];
  readonly keeps: readonly FactKind[];
  /** Of what changes: versions that must be newer than before. */
  readonly raises?: readonly FactKind[];
  /** One of these must be how every container that ran has ended. */
  readonly ends?: readonly string[];
}

export interface Proof {
  readonly before: Readonly<Record<string, string>>;
  readonly after: Readonly<Record<string, string>>;
  readonly changed: readonly string[];
  readonly unchanged: readonly string[];
}

/** Splits the facts into what changed and what did not. Pure. */
export function compareFacts(before: readonly Fact[], after: readonly Fact[]): Proof {
  const then = record(before);
  const now = record(after);
  const names = [...new Set([...Object.keys(then), ...Object.keys(now)])];
  return {
    before: then,
    after: now,
    changed: names.filter((name) => then[name] !== now[name]),
    unchanged: names.filter((name) => then[name] === now[name]),
  };
}

/**
 * Does the proof bear out the claims? Pure.
 * What is claimed to change must differ or be gone (a start that is gone shows nothing); what is claimed to stay must be there and be the same.
 * @returns what is not borne out, in words; empty: proven.
 */
export function unproven(
  before: readonly Fact[],
  after: readonly Fact[],
  claims: Claims,
  subjects: (fact: Fact) => boolean = () => true,
): string[] {
  const now = record(after);
  const failures: string[] = [];
  let seen = 0;
  for (const kind of claims.changes) {
    const facts = before.filter((fact) => fact.kind === kind && subjects(fact));
    if (facts.length === 0 && ALWAYS_THERE.has(kind)) failures.push(`nothing shows a change of ${kind}`);
    for (const fact of facts) {
      // A service that did not come back has no start time: its absence is the service's verdict, not a missing proof.
      if (kind === 'started' && now[nameOf(fact)] === undefined) continue;
      seen++;
      if (now[nameOf(fact)] === fact.value) failures.push(`${nameOf(fact)} did not change`);
    }
  }
  for (const kind of claims.raises ?? []) {
    for (const fact of before.filter((each) => each.kind === kind)) {
      const value = now[nameOf(fact)];
      if (value !== undefined && !isNewer(value, fact.value)) failures.push(`${nameOf(fact)} is not newer`);
    }
  }
  for (const { subject } of claims.ends ? before.filter(({ kind }) => kind === 'started') : []) {
    const end = now[nameOf({ subject, kind: 'end', value: '' })];
    if (end === undefined) failures.push(`nothing shows how ${subject} ended`);
    else if (!claims.ends?.includes(end)) failures.push(`${subject} ended ${end}, not ${claims.ends?.[0]}`);
  }
  if (seen === 0) failures.push('nothing shows that it happened');
  for (const kind of claims.keeps) {
    for (const fact of before) {
      if (fact.kind !== kind || !subjects(fact)) continue;
      const value = now[nameOf(fact)];
      if (value === undefined) failures.push(`${nameOf(fact)} is gone`);
      else if (value !== fact.value) failures.push(`${nameOf(fact)} changed`);
    }
  }
  return failures;
}

/** Tells a fact from all others of a stack. */
export function nameOf(fact: Fact): string {
  return `${fact.subject} ${fact.kind}`;
}

function record(facts: readonly Fact[]): Record<string, string> {
  return Object.fromEntries(facts.map((fact) => [nameOf(fact), fact.value]));
}
