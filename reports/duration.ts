const number = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

/** Milliseconds for people; `not measured` where there are none. */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return 'not measured';
  if (ms < 1000) return `${Math.round(ms)}\u00a0ms`;
  if (ms < 60_000) return `${number.format(ms / 1000)}\u00a0s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
