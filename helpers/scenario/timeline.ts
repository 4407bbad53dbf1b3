import type { Stage } from '../verdict/model.ts';

/** A stage of a cell; times in milliseconds, the first stage begins at 0. */
export interface Span {
  readonly stage: Stage;
  readonly beganMs: number;
  readonly endedMs: number;
}

/**
 * Each stage lasts until the next one begins, the last one until `endedAt`. All on one clock, in milliseconds.
 * @param beginnings in order; `null`: the stage was never reached. A stage that took no time is left out.
 */
export function timelineOf(beginnings: readonly (readonly [Stage, number | null])[], endedAt: number): Span[] {
  const reached = beginnings.flatMap(([stage, at]) => (at === null ? [] : [{ stage, at }]));
  const origin = reached[0]?.at ?? endedAt;
  return reached
    .map(({ stage, at }, index) => ({
      stage,
      beganMs: Math.round(at - origin),
      endedMs: Math.round((reached[index + 1]?.at ?? endedAt) - origin),
    }))
    .filter(({ beganMs, endedMs }) => endedMs > beganMs);
}
