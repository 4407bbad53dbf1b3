import { OutlastError } from '../../errors.ts';
import { isNewer } from './version-order.ts';

/** Debian releases with an engine of their own, oldest first; after them comes the newest engine of all. */
export const ENGINE_SUITES: readonly (string | undefined)[] = ['bookworm', 'trixie', undefined];

/**
 * Each engine that is strictly newer than the one before, oldest first.
 * @param find throws ENGINE_UNAVAILABLE, or gives `null`, where there is none
 */
export async function ladderOf<Place, Found>(
  places: readonly Place[],
  find: (place: Place) => Promise<Found | null>,
  versionOf: (found: Found) => string,
): Promise<Found[]> {
  const ladder: Found[] = [];
  for (const place of places) {
    const found = await find(place).catch((error: unknown) => {
      if (error instanceof OutlastError && error.code === 'ENGINE_UNAVAILABLE') return null;
      throw error;
    });
    const last = ladder.at(-1);
    if (found && (!last || isNewer(versionOf(found), versionOf(last)))) ladder.push(found);
  }
  return ladder;
}
