/** One origin of Debian packages, as the machine's own configuration names it. */
export interface AptSource {
  readonly uri: string;
  readonly suites: readonly string[];
  readonly components: readonly string[];
  /** Keyring file or key that signs it; `null` for the machine's trusted keys. */
  readonly signedBy: string | null;
}

/** Reads a `.sources` file (deb822). */
export function parseDeb822Sources(text: string): AptSource[] {
  return text.split(/\n[ \t]*\n/).flatMap((stanza) => {
    const fields = parseFields(stanza);
    if (!words(fields.get('types')).includes('deb') || fields.get('enabled')?.toLowerCase() === 'no') return [];
    const suites = words(fields.get('suites'));
    const components = words(fields.get('components'));
    const signedBy = fields.get('signed-by') ?? null;
    return words(fields.get('uris')).map((uri) => ({ uri, suites, components, signedBy }));
  });
}

/** Reads a `.list` file (one line a source). */
export function parseOneLineSources(text: string): AptSource[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*deb\s+(?:\[(?<options>[^\]]*)\]\s+)?(?<uri>\S+)\s+(?<suite>\S+)(?<components>[^#]*)/.exec(line);
    if (!match?.groups) return [];
    const { options = '', uri = '', suite = '', components = '' } = match.groups;
    const signedBy = /(?:^|\s)signed-by=(\S+)/i.exec(options)?.[1] ?? null;
    return [{ uri, suites: [suite], components: words(components), signedBy }];
  });
}

/** The source that carries the main component of a Debian release: the machine's mirror. */
export function findMirror(sources: readonly AptSource[], codename: string): AptSource | null {
  const names = [codename, 'stable', 'oldstable', 'testing', 'unstable', 'sid'];
  for (const name of names) {
    const source = sources.find(({ suites, components }) => suites.includes(name) && components.includes('main'));
    if (source) return source;
  }
  return null;
}

/** The text of a `.sources` file that offers `suites` of a mirror. */
export function renderSource(mirror: AptSource, suites: readonly string[]): string {
  const lines = ['Types: deb', `URIs: ${mirror.uri}`, `Suites: ${suites.join(' ')}`, 'Components: main'];
  if (mirror.signedBy) lines.push(`Signed-By: ${mirror.signedBy}`);
  return `${lines.join('\n')}\n`;
}

function parseFields(stanza: string): Map<string, string> {
  const fields = new Map<string, string>();
  let name = '';
  for (const line of stanza.split('\n')) {
    if (line.startsWith('#')) continue;
    const field = /^([A-Za-z-]+):\s*(.*)$/.exec(line);
    if (field?.[1] !== undefined) {
      name = field[1].toLowerCase();
      fields.set(name, (field[2] ?? '').trimEnd());
    } else if (name && /^\s+\S/.test(line)) {
      fields.set(name, `${fields.get(name)}\n${line.trimEnd()}`);
    }
  }
  return fields;
}

function words(text: string | undefined): string[] {
  return (text ?? '').split(/\s+/).filter(Boolean);
}
