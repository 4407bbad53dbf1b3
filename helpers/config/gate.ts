import { z } from 'zod';
import { PREDICTION_REFUTED } from '../audit/prediction-refuted.ts';
import { RULES } from '../audit/rules/catalogue.ts';
import { DISRUPTIONS } from '../disruptions/catalogue.ts';

const disruption = z.enum(DISRUPTIONS.map(({ id }) => id));
const rule = z.enum([...RULES, PREDICTION_REFUTED].map(({ id }) => id));
const store = z.string().min(1);
const UNITS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const duration = z.string().regex(/^[1-9]\d*[smhd]$/, 'a time as 30s, 15m, 24h or 7d');

/** What must survive what. */
const requirement = z.strictObject({
  /** Those that run by default, where none are named. */
  disruptions: z.array(disruption).min(1).optional(),
  /** All, where none are named. */
  stores: z.array(store).min(1).optional(),
});

/** What is accepted: a cell, or what a rule finds. */
const exception = z
  .strictObject({
    disruption: disruption.optional(),
    store: store.optional(),
    rule: rule.optional(),
    service: z.string().min(1).optional(),
    reason: z.string().min(1),
    /** The last day, in UTC. */
    until: z.iso.date('a day as 2027-01-31'),
  })
  .refine(
    (named) =>
      named.rule === undefined
        ? named.disruption !== undefined && named.store !== undefined && named.service === undefined
        : named.disruption === undefined && named.store === undefined,
    'either `disruption` and `store`, or `rule` and perhaps `service`',
  );

/** When a deploy is refused. */
export const gate = z.strictObject({
  /** Without it: every cell is as it must be, and nothing that runs by default is missing. */
  survive: z.array(requirement).min(1).optional(),
  /** Findings that are as severe, or more, refuse. */
  findings: z.enum(['error', 'warning', 'info', 'none']).default('error'),
  /** The greatest time from the disruption to the first complete read. */
  rto: duration.optional(),
  /** Of the report, from the start of its run. */
  age: duration.default('7d'),
  unknown: z.enum(['refuse', 'allow']).default('refuse'),
  accept: z.array(exception).default([]),
});

export type GatePolicy = z.infer<typeof gate>;
export type Exception = GatePolicy['accept'][number];

/** What holds where nobody said anything. */
export const DEFAULT_POLICY: GatePolicy = gate.parse({});

/** @returns a time of the policy in milliseconds */
export function millisecondsOf(time: string): number {
  return Number(time.slice(0, -1)) * UNITS[time.at(-1) as keyof typeof UNITS];
}

/** Is the exception's last day over? */
export function isExpired({ until }: Exception, now: Date): boolean {
  return now.toISOString().slice(0, 10) > until;
}

/** Stores that a policy names, with the place of each name in it. */
export function storesNamedBy(policy: GatePolicy): { readonly path: (string | number)[]; readonly name: string }[] {
  const required = (policy.survive ?? []).flatMap(({ stores = [] }, entry) =>
    stores.map((name, index) => ({ path: ['survive', entry, 'stores', index], name })),
  );
  const accepted = policy.accept.flatMap(({ store: name }, entry) =>
    name === undefined ? [] : [{ path: ['accept', entry, 'store'], name }],
  );
  return [...required, ...accepted];
}
