/** How long a run will still take, from what an earlier one took and from what this one has shown so far. */
export class Forecast {
  readonly #earlier: ReadonlyMap<string, number>;
  readonly #seen: number[] = [];

  /** @param earlier how long each step took in an earlier run, in milliseconds */
  constructor(earlier: ReadonlyMap<string, number> = new Map()) {
    this.#earlier = earlier;
  }

  /** A step has ended. */
  learn(milliseconds: number): void {
    this.#seen.push(milliseconds);
  }

  /**
   * What is left of the first of these steps, which has been running, and of all the others.
   * @returns milliseconds; `null` where nothing is known that it could be told from
   */
  left(steps: readonly string[], runningMs: number): number | null {
    const expected = steps.map((step) => this.#earlier.get(step) ?? this.#usual());
    if (expected.includes(null)) return null;
    const [current = 0, ...rest] = expected as number[];
    return rest.reduce((sum, each) => sum + each, Math.max(0, current - runningMs));
  }

  /** How long a step took on average; a step that nobody has seen is taken for one of these. */
  #usual(): number | null {
    if (this.#seen.length === 0) return null;
    return this.#seen.reduce((sum, each) => sum + each, 0) / this.#seen.length;
  }
}
