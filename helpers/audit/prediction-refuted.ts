import type { CellRecord } from '../scenario/record.ts';
import type { Outcome } from '../verdict/model.ts';
import { fingerprintOf, type Finding } from './finding.ts';

export const PREDICTION_REFUTED = {
  id: 'prediction-refuted',
  hazard: null,
  severity: 'warning',
  why: 'The files of the stack say one thing and the engine shows another. What was seen counts; but something about the stack is not as its files make believe.',
  fix: 'Look at the evidence of the cell: a mount that another file adds, an entrypoint that moves the data, a service that fails for a reason of its own.',
} as const;

/** Cells in which the run has seen something else than what the files made expect. Pure. */
export function refutations(
  cells: readonly Pick<CellRecord, 'disruption' | 'store' | 'status' | 'predicted' | 'outcome'>[],
  serviceOf: (store: string) => string | null,
): Finding[] {
  return cells
    .filter(({ status, predicted, outcome }) => status === 'ran' && predicted !== null && !agrees(predicted, outcome))
    .map(({ disruption, store, predicted, outcome }) => ({
      rule: PREDICTION_REFUTED.id,
      hazard: PREDICTION_REFUTED.hazard,
      severity: PREDICTION_REFUTED.severity,
      service: serviceOf(store),
      file: null,
      line: null,
      path: null,
      title: `${disruption} × ${store}: ${predicted} was predicted, and ${outcome} was seen.`,
      why: PREDICTION_REFUTED.why,
      fix: PREDICTION_REFUTED.fix,
      excerpt: null,
      fingerprint: fingerprintOf(PREDICTION_REFUTED.id, disruption, store),
    }));
}

const WITHOUT_SERVICE: readonly Outcome[] = ['unavailable', 'unwritable'];

/** Unknown refutes nothing. Whether an app that may not write ends or goes on is not for the files to tell. */
function agrees(predicted: Outcome, seen: Outcome): boolean {
  if (seen === 'unknown' || seen === predicted) return true;
  return predicted === 'unwritable' && WITHOUT_SERVICE.includes(seen);
}
