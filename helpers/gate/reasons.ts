/** Why a report says nothing of what is to be deployed; codes of errors. */
export const FAULTS = [
  'REPORT_OTHER_STACK',
  'REPORT_OTHER_COMMIT',
  'REPORT_UNCOMMITTED',
  'REPORT_TOO_OLD',
  'EXCEPTION_EXPIRED',
] as const;

/** Why what the report says is not enough, worst first. */
export const REFUSALS = ['not-survived', 'too-slow', 'finding', 'unknown', 'not-tried'] as const;

export type Refusal = (typeof REFUSALS)[number];
export type Fault = (typeof FAULTS)[number];
