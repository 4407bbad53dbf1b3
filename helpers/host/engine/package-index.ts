/** One package of a suite's index. */
export interface PackageEntry {
  readonly name: string;
  readonly version: string;
  readonly depends: readonly string[];
  /** The C library that it asks for, as `[2, 36]`; `null` for any. */
  readonly libc: readonly [number, number] | null;
}

/** A suite's packages by name. */
export type PackageIndex = ReadonlyMap<string, () => PackageEntry>;

/** Reads the text of a `Packages` file. Entries are parsed when asked for: the file has tens of thousands. */
export function parsePackageIndex(text: string): PackageIndex {
  const index = new Map<string, () => PackageEntry>();
  for (const stanza of text.split('\n\n')) {
    const name = /^Package: (\S+)$/m.exec(stanza)?.[1];
    if (name !== undefined) index.set(name, () => parseEntry(name, stanza));
  }
  return index;
}

function parseEntry(name: string, stanza: string): PackageEntry {
  const field = (key: string) => new RegExp(`^${key}: (.*)$`, 'm').exec(stanza)?.[1] ?? '';
  const relations = [field('Pre-Depends'), field('Depends')].flatMap((list) =>
    list.split(',').map((one) => one.trim()),
  );
  const libc = relations.map((one) => /^libc6(?::\w+)? \(>= (\d+)\.(\d+)/.exec(one)).find((match) => match !== null);
  return {
    name,
    version: field('Version'),
    depends: relations.flatMap((one) => /^[a-z0-9][a-z0-9+.-]*/.exec(one)?.[0] ?? []),
    libc: libc ? [Number(libc[1]), Number(libc[2])] : null,
  };
}

/** Whether a package's declared need is met by the machine's C library, such as `2.36`. */
export function fitsLibc(entry: PackageEntry, libc: string): boolean {
  if (!entry.libc) return true;
  const [major = 0, minor = 0] = libc.split('.').map(Number);
  const [wantedMajor, wantedMinor] = entry.libc;
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

/** The shared-library packages that `names` need, directly or not, leaving out what `has` already says is there. */
export function libraryClosure(
  names: readonly string[],
  index: PackageIndex,
  has: (name: string) => boolean,
): string[] {
  const found = new Set<string>();
  const open = [...names];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const entry = index.get(name)?.();
    for (const needed of entry?.depends ?? []) {
      const isLibrary =
        /^(lib|zlib1g$)/.test(needed) && !/^(libc6|libgcc-s1|libperl.*|lib.*-perl|libc-bin)$/.test(needed);
      if (!isLibrary || found.has(needed) || has(needed) || !index.has(needed)) continue;
      found.add(needed);
      open.push(needed);
    }
  }
  return [...found].toSorted();
}
