import { z } from 'zod';
import { PREDICTION_REFUTED } from '../audit/prediction-refuted.ts';
import { RULES } from '../audit/rules/catalogue.ts';
import { LOOKS_LIKE_BACKUP } from '../discovery/looks-like-backup.ts';
import { DISRUPTIONS } from '../disruptions/catalogue.ts';

const disruption = z.enum(DISRUPTIONS.map(({ id }) => id));
const rule = z.enum([...RULES, PREDICTION_REFUTED, LOOKS_LIKE_BACKUP].map(({ id }) => id));
const store = z.string().min(1);
const UNITS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const duration = z.string().regex(/^[1-9]\d*[smhd]$/, 'a time as 30s, 15m, 24h or 7d');

/** What must survive what. */
const requirement = z.strictObject({
  disruptions: z
    .array(disruption)
    .min(1)
    .optional()
    .describe('What must be survived; all that run by default where none are named.'),
  stores: z.array(store).min(1).optional().describe('Which stores must survive; all where none are named.'),
});

/** What is accepted: a cell, or what a rule finds. */
const exception = z
  .strictObject({
    disruption: disruption.optional().describe('With `store`: what it need not come through.'),
    store: store.optional().describe('Id of a store.'),
    rule: rule.optional().describe('Id of a rule: its findings do not refuse.'),
    service: z.string().min(1).optional().describe('With `rule`: its findings at this service alone.'),
    reason: z.string().min(1).describe('Why it is accepted. It stands in the report.'),
    until: z.iso.date('a day as 2027-01-31').describe('The last day on which it is accepted, in UTC.'),
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
  survive: z
    .array(requirement)
    .min(1)
    .optional()
    .describe('What must survive what. Without it every cell must be as it should, and nothing may be missing.'),
  findings: z
    .enum(['error', 'warning', 'info', 'none'])
    .default('error')
    .describe('Findings that are as severe, or more, refuse.'),
  rto: duration.optional().describe('The greatest time from a disruption to the first complete read.'),
  age: duration.default('7d').describe('The greatest age of the report, from the start of its run.'),
  unknown: z.enum(['refuse', 'allow']).default('refuse').describe('What comes of a cell that nobody could judge.'),
  accept: z.array(exception).default([]).describe('What is accepted all the same, why, and until when.'),
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
