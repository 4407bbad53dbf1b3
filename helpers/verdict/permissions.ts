/** Owners that keep a service from writing: symptom, cause and cure. Pure. */

/** A file or a folder as the service finds it. */
export interface Entry {
  readonly path: string;
  readonly kind: 'folder' | 'file';
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/** Who wants to write. */
interface Writer {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

/** What is to be cured. */
export interface Place {
  readonly service: string;
  /** Inside the container. */
  readonly path: string;
  /** Where it lies for the user, if it is a bind; `null`: on a volume. */
  readonly bind: string | null;
  /** Of a database, its file below the bind; `null`: the whole folder holds the data. */
  readonly file: string | null;
}

/** What apps say, in lower case, and what that means. */
export const SYMPTOMS = [
  {
    says: 'unable to open database file',
    cause:
      'SQLite may not enter the folder, or may not make its sidecars (-wal, -shm, -journal) there: the folder has to be writable too',
  },
  {
    says: 'attempt to write a readonly database',
    cause:
      'SQLite may read the database and not write it, or not make its -wal or -journal beside it: the folder has to be writable too',
  },
  { says: 'permission denied', cause: 'the owner or the mode of a file or folder shuts the service out' },
  { says: 'not writable', cause: 'the service looked before it wrote, and found that it may not' },
] as const;

interface Fix {
  readonly id: string;
  /** It opens the data to everybody on the machine. */
  readonly loose: boolean;
  /** `null` where it cannot be done by one. */
  readonly command: (place: Place, writer: Writer) => string | null;
  readonly note: string;
}

/** The right one first. */
export const FIXES: readonly Fix[] = [
  {
    id: 'chown',
    loose: false,
    command: ({ service, path, bind }, { uid, gid }) =>
      bind === null
        ? `docker compose run --rm --no-deps --user 0:0 --entrypoint chown ${service} -R ${uid}:${gid} ${path}`
        : `sudo chown -R ${uid}:${gid} ${bind}`,
    note: 'folder, files and sidecars belong to the service again',
  },
  {
    id: 'chmod',
    loose: true,
    command: ({ file, bind }) => {
      if (bind === null) return null;
      return file === null ? `chmod 777 ${bind}` : `chmod 777 ${bind} && chmod 666 ${bind}/${file}`;
    },
    note: 'everybody on the machine may write; what lies beside the database, its -wal and -shm, is missed',
  },
];

/** The entries that the writer may not write to. */
export function refused(entries: readonly Entry[], { uid, gid, groups }: Writer): Entry[] {
  if (uid === 0) return [];
  return entries.filter((entry) => {
    const shift = entry.uid === uid ? 6 : entry.gid === gid || groups.includes(entry.gid) ? 3 : 0;
    const needed = entry.kind === 'folder' ? 0o3 : 0o2;
    return ((entry.mode >> shift) & needed) !== needed;
  });
}

/** The last line of a log that has each symptom, and what it means; empty when none tells of an owner. */
export function symptomsIn(log: string): string[] {
  return SYMPTOMS.flatMap(({ says, cause }) => {
    const line = log.split('\n').findLast((each) => each.toLowerCase().includes(says));
    return line === undefined ? [] : [`the service says: ${line.trim()} (${cause})`];
  });
}

const SHOWN = 5;

/** Whose the place is, who needs it, and how it is cured; empty when the owner is not the trouble. */
export function diagnose(entries: readonly Entry[], writer: Writer, place: Place): string[] {
  const culprits = refused(entries, writer);
  if (culprits.length === 0) return [];
  const more = culprits.length > SHOWN ? ` and ${culprits.length - SHOWN} more` : '';
  const found = culprits
    .slice(0, SHOWN)
    .map(({ path, uid, gid, mode }) => `${path} is ${uid}:${gid}, mode ${mode.toString(8)}`);
  return [
    `${place.service} runs as ${writer.uid}:${writer.gid}; ${found.join('; ')}${more}`,
    ...FIXES.flatMap(({ loose, command, note }) => {
      const line = command(place, writer);
      return line === null ? [] : [`${loose ? 'loose cure' : 'cure'}: ${line} (${note})`];
    }),
  ];
}
