/** What the app itself keeps in a store, held against what is there after a disruption. Pure. */

/** Entries that belong together: the rows of a table, the files of a folder, a family of keys, the commits of a repository. */
export interface OwnGroup {
  /** As a person would call it; unique in its store. */
  readonly name: string;
  readonly unit: 'rows' | 'files' | 'keys' | 'commits';
  readonly count: number;
  /** By what each entry is known, and a digest of what it holds ('': not looked at). `null`: they are too many, or nothing tells one from another. */
  readonly entries: readonly (readonly [key: string, content: string])[] | null;
}

/** Worst first. */
export const OWN_VERDICTS = ['lost', 'unknown', 'kept'] as const;
export type OwnVerdict = (typeof OWN_VERDICTS)[number];

/** What became of the app's own data. Counts are of entries. */
export interface OwnData {
  readonly verdict: OwnVerdict;
  readonly before: number;
  /** `null`: it could not be looked at. */
  readonly gone: number | null;
  /** Still there, and holding something else. */
  readonly rewritten: number | null;
  /** What there is to say of it, in words. */
  readonly notes: readonly string[];
}

/** What a name with such a word holds comes and goes as the app runs. */
const FICKLE_WORDS = new Set(
  'session cache lock lease job queue worker process heartbeat presence outbox spool'
    .split(' ')
    .flatMap((word) => [word, `${word}s`, `${word}es`]),
);

/**
 * An entry is gone when neither its key nor, under another key, its content is there. A table of which every row is gone, or
 * all are but for some that hold something else, has lost them; of one that misses others, or whose only row was replaced, nobody can tell
 * whether the app took them away itself.
 * @param after `null`: it could not be looked at
 * @param fickle names of groups that were seen to lose entries while nothing happened
 */
export function compareOwn(
  before: readonly OwnGroup[],
  after: readonly OwnGroup[] | null,
  fickle: ReadonlySet<string>,
): OwnData {
  const count = before.reduce((sum, group) => sum + group.count, 0);
  if (after === null) {
    const notes = ["the app's own data could not be looked at"];
    return { verdict: 'unknown', before: count, gone: null, rewritten: null, notes };
  }
  const compared = compareGroups(before, after).map((each) => ({ ...each, judged: judgeGroup(each, fickle) }));
  const gone = compared.reduce((sum, each) => sum + each.gone, 0);
  const rewritten = compared.reduce((sum, each) => sum + each.rewritten, 0);
  const summary = `besides the rows of this run, the app keeps data of its own there: ${count - gone} of ${count} entries left`;
  return {
    verdict: OWN_VERDICTS.find((verdict) => compared.some(({ judged }) => judged.verdict === verdict)) ?? 'kept',
    before: count,
    gone,
    rewritten,
    notes: [summary, ...compared.flatMap(({ judged }) => judged.note ?? [])],
  };
}

/** Names of the groups that have lost entries between two looks. */
export function shrunk(before: readonly OwnGroup[], after: readonly OwnGroup[]): string[] {
  return compareGroups(before, after)
    .filter(({ gone }) => gone > 0)
    .map(({ group }) => group.name);
}

interface Compared {
  readonly group: OwnGroup;
  /** `undefined`: the group itself is not there. */
  readonly now: OwnGroup | undefined;
  readonly gone: number;
  /** Keys of what is gone, where they are known. */
  readonly missing: readonly string[];
  readonly rewritten: number;
}

function compareGroups(before: readonly OwnGroup[], after: readonly OwnGroup[]): Compared[] {
  const groups = new Map(after.map((group) => [group.name, group]));
  const contents = new Set(after.flatMap(({ entries }) => (entries ?? []).map(([, content]) => content)));
  return before.map((group): Compared => {
    const now = groups.get(group.name);
    if (group.entries === null || now?.entries === null) {
      const gone = Math.max(0, group.count - (now?.count ?? 0));
      return { group, now, gone, missing: [], rewritten: 0 };
    }
    const found = new Map(now?.entries);
    const missing = group.entries.filter(
      ([key, content]) => !found.has(key) && (content === '' || !contents.has(content)),
    );
    const rewritten = group.entries.filter(([key, content]) => found.has(key) && found.get(key) !== content).length;
    return { group, now, gone: missing.length, missing: missing.map(([key]) => key), rewritten };
  });
}

interface JudgedGroup {
  readonly verdict: OwnVerdict;
  readonly note: string | null;
}

function judgeGroup({ group, now, gone, missing, rewritten }: Compared, fickle: ReadonlySet<string>): JudgedGroup {
  const { name, unit, count } = group;
  const all = count === 1 ? `the only one of the ${unit}` : `all ${count} ${unit}`;
  if (gone === 0) {
    const note = count > 1 && rewritten === count ? `${all} of ${name} hold something else than before` : null;
    return { verdict: 'kept', note };
  }
  const left = now?.count ?? 0;
  const others = left === 0 ? '' : `; there are ${left} others`;
  const which = unit === 'files' && missing.length > 0 ? ` (${listed(missing)})` : '';
  // A seed may count its rows from the first number again. A file that is written anew is another one as well.
  const noneAsBefore = unit === 'rows' && gone + rewritten === count;
  const some = `${gone} of ${count} ${unit} of ${name} are gone${which}`;
  const what =
    gone === count
      ? `${all} of ${name} ${count === 1 ? 'is' : 'are'} gone${which}${others}`
      : `${some}${noneAsBefore ? ', and the others hold something else than before' : ''}`;
  if (fickle.has(name))
    return { verdict: 'kept', note: `${what}: not judged, it has lost some while nothing happened` };
  if (hasFickleName(name)) return { verdict: 'kept', note: `${what}: not judged, such data comes and goes` };
  if ((noneAsBefore || gone === count) && (count > 1 || left === 0)) return { verdict: 'lost', note: what };
  return { verdict: 'unknown', note: `${what}: whether the app took them away itself cannot be told` };
}

const LISTED = 3;

function listed(keys: readonly string[]): string {
  const more = keys.length > LISTED ? `, and ${keys.length - LISTED} more` : '';
  return `${keys.slice(0, LISTED).join(', ')}${more}`;
}

/** In words of any notation: `user_sessions`, `GoodJobProcess`, `cache:*`. */
function hasFickleName(name: string): boolean {
  return name
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/)
    .some((word) => FICKLE_WORDS.has(word));
}
