import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { type ReportCell, reportSchema, type ReportStore } from './model.ts';
import { deadCell, goodCell, lostCell, sampleReport, unknownCell } from './sample.ts';
import { SCHEMA_FILE, schemaText } from './write-schema.ts';
import type { CellRecord, StoreRecord } from '../helpers/scenario/record.ts';

const committed: object = JSON.parse(readFileSync(SCHEMA_FILE, 'utf8'));
const report = sampleReport([goodCell, lostCell, unknownCell, deadCell], {
  stack: {
    name: 'demo',
    files: ['compose.yaml'],
    digest: 'd',
    commit: null,
    services: ['app'],
    changes: [],
    baseImage: 'official',
  },
  findings: [
    {
      rule: 'r',
      hazard: null,
      severity: 'error',
      service: 'app',
      file: 'compose.yaml',
      line: 3,
      path: '/data',
      title: 't',
      why: 'w',
      fix: 'f',
      fingerprint: 'x',
    },
  ],
  claims: [{ id: 'c', statement: 's', verdict: 'holds-with-fix', evidence: [{ kind: 'note', text: 'n' }] }],
  controls: [{ id: 'k', expected: 'lost', outcome: 'lost', caught: true, reason: null }],
  gate: { decision: 'allowed', reasons: [], accepted: [{ what: 'w', reason: 'r', until: '2020-01-31' }] },
});

describe('the published schema', () => {
  test('is the model', () => {
    expect(committed, 'run `npm run schema`').toEqual(JSON.parse(schemaText()));
  });

  const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(committed);

  test('accepts a whole report, and keys it does not know', () => {
    validate({ ...report, added: 1, cells: [{ ...goodCell, added: 1 }] });
    expect(validate.errors).toBeNull();
    validate(report);
    expect(validate.errors).toBeNull();
  });

  test.for([
    ['a verdict that is none', { ...report, verdict: 'fine' }],
    ['another schema', { ...report, schema: 'outlast.report/2' }],
    ['a missing list', { ...report, cells: undefined }],
    ['an outcome that is none', { ...report, cells: [{ ...goodCell, outcome: 'good' }] }],
    ['a count that is no number', { ...report, cells: [{ ...goodCell, lost: 'none' }] }],
    ['a reason that is none', { ...report, cells: [{ ...goodCell, reason: 'because' }] }],
  ] as const)('refuses %s, as the model does', ([, wrong]) => {
    expect(validate(JSON.parse(JSON.stringify(wrong)))).toBe(false);
    expect(reportSchema.safeParse(wrong).success).toBe(false);
  });
});

test('the model keeps keys that it does not know', () => {
  expect(reportSchema.parse({ ...report, added: 1 })).toHaveProperty('added', 1);
});

test('a cell of a scenario is a cell of the report', () => {
  expectTypeOf<CellRecord>().toExtend<ReportCell>();
  expectTypeOf<StoreRecord>().toExtend<ReportStore>();
});
