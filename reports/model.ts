import { z } from 'zod';
import { FAULTS, REFUSALS } from '../helpers/gate/reasons.ts';
import { OWN_VERDICTS } from '../helpers/verdict/own-data.ts';
import { type Verdict, VERDICTS } from '../helpers/verdict/expectation.ts';
import { contradictionsIn, contradictionsOf, type Contradiction } from './contradictions.ts';
import {
  DATA_VERDICTS,
  LAYERS,
  OUTCOMES,
  type Reason,
  REASONS,
  SERVICE_VERDICTS,
  STAGES,
} from '../helpers/verdict/model.ts';

/** The name and the major version of the contract. */
export const REPORT_SCHEMA = 'outlast.report/1';

const outcome = z.enum(OUTCOMES);
const amount = z.int().min(0);
const milliseconds = z.number().min(0).nullable().describe('Milliseconds; null: not measured.');
/** Turns what contradicts itself into issues. */
function denying<T>(contradictionsOfIt: (value: T) => readonly Contradiction[]) {
  return ({ value, issues }: z.core.ParsePayload<T>): void => {
    for (const { path, message } of contradictionsOfIt(value))
      issues.push({ code: 'custom', path, message, input: undefined });
  };
}

const facts = z.record(z.string(), z.string().nullable());

const reasonKeys = Object.keys(REASONS).filter((key): key is Reason => key in REASONS);

const mount = z.looseObject({
  service: z.string(),
  layer: z.enum(LAYERS),
  source: z.string().nullable().describe('As the user calls it; null: it has no name.'),
  target: z.string(),
  readOnly: z.boolean(),
});

const span = z.looseObject({
  stage: z.enum(STAGES),
  beganMs: z.number().min(0).describe('Milliseconds from the beginning of the cell.'),
  endedMs: z.number().min(0),
});

const evidence = z.looseObject({
  kind: z.enum(['command', 'rows', 'integrity', 'log', 'note']),
  text: z.string(),
});

const stack = z.looseObject({
  name: z.string(),
  files: z.array(z.string()),
  digest: z.string(),
  commit: z.string().nullable(),
  dirty: z
    .boolean()
    .nullable()
    .optional()
    .describe('Did the working tree hold anything that the commit does not? null: git did not tell.'),
  variables: z
    .record(z.string(), z.string())
    .optional()
    .describe('Of each variable that is set and may decide about data: a fingerprint of its value.'),
  profiles: z.array(z.string()).optional().describe('The Compose profiles that were asked for.'),
  services: z.array(z.string()),
  changes: z.array(z.string()).describe('Every alteration of the shadow.'),
  baseImage: z.enum(['official', 'assembled']).nullable(),
  mounts: z.array(mount).optional().describe('What the Compose file mounts.'),
});

const host = z.looseObject({
  id: z.string(),
  kind: z.enum(['ambient', 'private', 'nested']),
  engineVersion: z.string(),
  composeVersion: z.string(),
});

const store = z.looseObject({
  id: z.string(),
  kind: z.string(),
  service: z.string(),
  path: z.string(),
  layer: z.enum(LAYERS),
  source: z.string(),
  writer: z.enum(['app', 'probe']),
});

const own = z.looseObject({
  verdict: z.enum(OWN_VERDICTS),
  before: amount.describe('Entries: rows of tables, files, keys, commits.'),
  gone: amount.nullable().describe('null: it could not be looked at.'),
  rewritten: amount.nullable().describe('Still there, and holding something else.'),
  notes: z.array(z.string()),
});

const cell = z
  .looseObject({
    disruption: z.string(),
    title: z.string().optional().describe('What happens, in a few words.'),
    store: z.string(),
    host: z.string(),
    status: z.enum(['ran', 'not-applicable', 'not-run']),
    predicted: outcome.nullable(),
    outcome: outcome.describe('The worst of data and service.'),
    data: z.enum(DATA_VERDICTS),
    service: z.enum(SERVICE_VERDICTS),
    expected: z.array(outcome),
    ok: z.boolean(),
    acceptedBy: z.string().nullable(),
    reason: z.enum(reasonKeys).nullable(),
    attempted: amount,
    acknowledged: amount.describe('= intact + lost + corrupt, once read.'),
    rejected: amount,
    indeterminate: amount,
    intact: amount.nullable(),
    lost: amount.nullable(),
    corrupt: amount.nullable(),
    unexpected: amount.nullable(),
    recovered: amount.nullable(),
    rpoMs: milliseconds,
    rtoMs: milliseconds,
    durationMs: milliseconds,
    own: own
      .nullable()
      .optional()
      .describe(
        "The app's own data, beside the rows of the run; null or absent: there was none, or it was not followed.",
      ),
    outages: z
      .array(z.string())
      .optional()
      .describe('Services no store of which is watched, and that did not come back; the same for all stores.'),
    timeline: z.array(span).optional().describe('Absent where nothing ran.'),
    proof: z.looseObject({ before: facts, after: facts, changed: z.array(z.string()), unchanged: z.array(z.string()) }),
    evidence: z.array(evidence),
  })
  .check(denying(contradictionsOf));

const finding = z.looseObject({
  rule: z.string(),
  hazard: z.string().nullable(),
  severity: z.enum(['error', 'warning', 'info']),
  service: z.string().nullable(),
  file: z.string().nullable(),
  line: z.int().min(0).nullable(),
  path: z.string().nullable(),
  title: z.string(),
  why: z.string(),
  fix: z.string(),
  excerpt: z.string().nullable().optional().describe("The user's own lines, numbered; what is secret is masked."),
  fingerprint: z.string(),
});

const claim = z.looseObject({
  id: z.string(),
  statement: z.string(),
  verdict: z.enum(['holds', 'refuted', 'holds-with-fix', 'unknown']),
  evidence: z.array(evidence),
});

const control = z.looseObject({
  id: z.string(),
  expected: z.string(),
  outcome: z.string(),
  caught: z.boolean(),
  reason: z.string().nullable(),
});

const change = z.looseObject({
  disruption: z.string(),
  store: z.string(),
  before: outcome.nullable().describe('null: there was no such cell.'),
  after: outcome.nullable().describe('null: there is no such cell any more.'),
  outages: z
    .looseObject({ before: z.array(z.string()), after: z.array(z.string()) })
    .optional()
    .describe("The cells' own; absent: neither has any."),
});

const findingOf = finding.pick({ rule: true, severity: true, service: true, file: true, line: true, title: true });

const baseline = z.looseObject({
  runId: z.string().optional(),
  startedAt: z.iso.datetime().optional(),
  worse: z.array(change).optional(),
  better: z.array(change).optional(),
  other: z.array(change).optional().describe('Neither worse nor better: one of the two runs has no such cell.'),
  newFindings: z
    .array(findingOf)
    .optional()
    .describe('Not found then; by fingerprint and severity, without refuted predictions: they are in the cells.'),
  goneFindings: z.array(findingOf).optional().describe('Found then, and not any more.'),
});

const gate = z.looseObject({
  decision: z.enum(['allowed', 'refused']),
  reasons: z.array(z.looseObject({ code: z.enum([...FAULTS, ...REFUSALS]), text: z.string() })),
  accepted: z.array(z.looseObject({ what: z.string(), reason: z.string(), until: z.iso.date() })),
});

export const parts = { stack, host, store, cell, claim, control };

/** The contract of `report.json`. Unknown keys pass: added ones are a minor change. */
export const reportSchema = z
  .looseObject({
    schema: z.literal(REPORT_SCHEMA),
    tool: z.looseObject({ version: z.string() }),
    runId: z.string(),
    seed: z.string().nullable(),
    startedAt: z.iso.datetime(),
    durationMs: milliseconds,
    verdict: z.enum(VERDICTS),
    stack: stack.nullable(),
    hosts: z.array(host),
    stores: z.array(store),
    cells: z.array(cell),
    findings: z.array(finding),
    claims: z.array(claim),
    controls: z.array(control).describe('Sabotaged stacks of the suites; outside the verdict.'),
    gate: gate.nullable().describe('What the gate would say at the end of the run; null: there is no policy.'),
    baseline: baseline.nullable().describe('How this run differs from an earlier one.'),
  })
  .check(denying(contradictionsIn))
  .meta({ title: 'Report of Outlast' });

type NamedKeys<T> = keyof { [K in keyof T as string extends K ? never : K]: true };

/** The named keys alone, and nothing of it to be changed. */
export type Known<T> = T extends readonly (infer Item)[]
  ? readonly Known<Item>[]
  : T extends object
    ? [NamedKeys<T>] extends [never]
      ? Readonly<T>
      : { readonly [K in keyof T as string extends K ? never : K]: Known<T[K]> }
    : T;

export type Report = Known<z.infer<typeof reportSchema>>;
export type ReportCell = Report['cells'][number];
export type ReportStack = NonNullable<Report['stack']>;
export type ReportHost = Report['hosts'][number];
export type ReportStore = Report['stores'][number];
export type ReportClaim = Report['claims'][number];
export type ReportControl = Report['controls'][number];
export type ReportFinding = Report['findings'][number];
export type ReportMount = NonNullable<ReportStack['mounts']>[number];
export type ReportSpan = NonNullable<ReportCell['timeline']>[number];
export type ReportGate = NonNullable<Report['gate']>;
export type ReportBaseline = NonNullable<Report['baseline']>;
export type { Verdict };
