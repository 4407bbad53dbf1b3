import Ajv from 'ajv-draft-04';
import sarifSchema from '@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json' with { type: 'json' };
import { expect, test } from 'vitest';
import { PREDICTION_REFUTED } from '../helpers/audit/prediction-refuted.ts';
import { fullReport, goodCell, sampleReport } from './sample.ts';
import { renderSarif } from './sarif.ts';

interface SarifLog {
  readonly runs: readonly {
    readonly tool: {
      readonly driver: {
        readonly rules: readonly { readonly id: string; readonly help: { readonly markdown: string } }[];
      };
    };
    readonly results: readonly { readonly ruleId: string; readonly ruleIndex: number }[];
  }[];
}

const validate = new Ajv.default({ strict: false, validateFormats: false, unicodeRegExp: false }).compile(sarifSchema);

const [first] = fullReport().findings;
if (first === undefined) throw new Error('The sample has a finding.');
const anywhere = { ...first, rule: PREDICTION_REFUTED.id, file: null, line: null, fingerprint: 'f2' };

test.for([
  ['none', [], []],
  [
    'two of one rule, and one that has no place',
    [first, anywhere, { ...first, line: 9, fingerprint: 'f3' }],
    [0, 1, 0],
  ],
] as const)('findings of a report: %s', ([, findings, rules]) => {
  const log = JSON.parse(renderSarif(sampleReport([goodCell], { findings }))) as SarifLog;
  expect(validate(log) ? [] : validate.errors).toEqual([]);
  const [run] = log.runs;
  expect(run?.results.map(({ ruleIndex }) => ruleIndex)).toEqual(rules);
  for (const { ruleId, ruleIndex } of run?.results ?? []) expect(run?.tool.driver.rules[ruleIndex]?.id).toBe(ruleId);
});

test('help is the page of the rule; that of one without a page is why, and the fix', () => {
  const findings = [first, { ...first, rule: 'of-tomorrow' }];
  const log = JSON.parse(renderSarif(sampleReport([goodCell], { findings }))) as SarifLog;
  const [page, none] = log.runs[0]?.tool.driver.rules.map(({ help }) => help.markdown) ?? [];
  expect(page).toMatch(/^Severity: error\. Hazard 1\.\n[^]*\n## Found\n[^]*```yaml compose\.yaml\n/);
  expect(none).toBe(`${first.why}\n\n**Fix:** ${first.fix}`);
});
