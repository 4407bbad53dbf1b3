/** So many are named. */
const NAMED = 3;

/** @returns the names that are most like this one, the most like it first; by how many letters they differ in (Levenshtein) */
export function nearest(name: string, names: readonly string[]): string[] {
  const distances = names.map((each) => ({ each, distance: distance(name, each) }));
  return distances
    .toSorted((a, b) => a.distance - b.distance)
    .slice(0, NAMED)
    .map(({ each }) => each);
}

function distance(from: string, to: string): number {
  const first = Array.from({ length: to.length + 1 }, (_, index) => index);
  const last = from.split('').reduce((above, letter, line) => {
    const row = [line + 1];
    for (const [column, other] of to.split('').entries())
      row.push(
        Math.min(
          (row[column] ?? 0) + 1,
          (above[column + 1] ?? 0) + 1,
          (above[column] ?? 0) + (letter === other ? 0 : 1),
        ),
      );
    return row;
  }, first);
  return last.at(-1) ?? 0;
}
