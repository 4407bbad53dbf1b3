/** What a run does where nobody says otherwise. */
export const DEFAULTS = { markers: 10, seed: 'outlast', timeoutMs: 60_000 } as const;
