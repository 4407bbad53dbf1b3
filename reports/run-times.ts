/** How long a file of tests took, in milliseconds. */
export interface FileTime {
  readonly project: string;
  readonly file: string;
  readonly durationMs: number;
}

const LONGEST = 5;

/** Where the time of a run went: a line for each project, with the files that took longest. */
export function timeLines(files: readonly FileTime[]): string[] {
  return [...Map.groupBy(files, ({ project }) => project)].map(([project, own]) => {
    const total = own.reduce((sum, { durationMs }) => sum + durationMs, 0);
    const longest = own
      .toSorted((a, b) => b.durationMs - a.durationMs)
      .slice(0, LONGEST)
      .map(({ file, durationMs }) => `${file} ${inSeconds(durationMs)}`);
    return `${project}: ${inSeconds(total)} in files, of it ${longest.join(', ')}`;
  });
}

function inSeconds(milliseconds: number): string {
  return `${Math.round(milliseconds / 1000)} s`;
}
