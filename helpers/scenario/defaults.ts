/** What a run does where nobody says otherwise. */
export const DEFAULTS = { markers: 10, seed: 'outlast', timeoutMs: 60_000 } as const;

/** More is refused: the number of the row above them shows that a store takes writes; timers end at 24 days. */
export const MOST = { markers: 1_000_000, timeout: 86_400 } as const;
