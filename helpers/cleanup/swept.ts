/** What a sweep has come to, in words. */
export interface Swept {
  readonly removed: readonly string[];
  /** What is still there, and why: the next sweep tries again. */
  readonly kept: readonly string[];
}

/** All of it in one. */
export function together(parts: readonly Swept[]): Swept {
  return { removed: parts.flatMap(({ removed }) => removed), kept: parts.flatMap(({ kept }) => kept) };
}

/** Removes something from an engine. What has gone already, or is going, is not told; what the engine refuses is kept. */
export async function removeFromEngine(name: string, remove: () => Promise<unknown>): Promise<Swept> {
  try {
    await remove();
    return { removed: [name], kept: [] };
  } catch (error) {
    const { statusCode, message } = error as Error & { statusCode?: number };
    const isGone = statusCode === 404 || isInProgress(error);
    return { removed: [], kept: isGone ? [] : [`${name}: ${message}`] };
  }
}

/** Is the engine at it already, for somebody else? */
export function isInProgress(error: unknown): boolean {
  return /already in progress/.test((error as Error).message);
}
