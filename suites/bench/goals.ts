/** A figure that a benchmark holds itself to. */
export interface Goal {
  readonly what: string;
  readonly seen: number;
  /** The figure is below it. */
  readonly limit: number;
  readonly unit: string;
}

/** Prints each figure beside its goal. The process ends with 1 where one is missed; what was not measured is missed too. */
export function holdTo(goals: readonly Goal[]): void {
  for (const { what, seen, limit, unit } of goals) {
    const met = seen < limit;
    const round = Math.round(seen * 100) / 100;
    console.log(`${met ? 'met' : 'MISSED'}: ${what}: ${round} ${unit}, to be below ${limit} ${unit}`);
    if (!met) process.exitCode = 1;
  }
}
