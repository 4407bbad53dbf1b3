import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { isAlias, isMap, isPair, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node } from 'yaml';
import type { Location } from './finding.ts';

type Key = string | ((value: unknown) => boolean);

/** A Compose file as its author wrote it. */
export class ComposeDocument {
  readonly file: string;
  readonly text: string;
  readonly #document: Document;
  readonly #lines = new LineCounter();

  constructor(file: string, text: string) {
    this.file = file;
    this.text = text;
    this.#document = parseDocument(text, { lineCounter: this.#lines, merge: true, logLevel: 'silent' });
  }

  get valid(): boolean {
    return this.#document.errors.length === 0;
  }

  /** What stands there, with anchors and merges resolved and nothing interpolated. */
  get content(): unknown {
    if (!this.valid) return undefined;
    try {
      return this.#document.toJS({ maxAliasCount: 1000 });
    } catch {
      // An anchor that is not there, or that is no map where it is merged, is no error of the syntax.
      return undefined;
    }
  }

  /** The value at a path, or `null`. A function among the keys picks an item of a list by its value. */
  find(path: readonly Key[]): { readonly value: unknown; readonly location: Location } | null {
    let node: Node | null = this.#document.contents;
    let location: Location | null = null;
    for (const key of path) {
      const step = this.#step(node, key);
      if (!step) return null;
      ({ node } = step);
      location = this.#locationOf(step.at) ?? location;
    }
    return location && { value: this.#valueOf(node), location };
  }

  #step(from: Node | null, key: Key): { node: Node | null; at: Node | null } | null {
    const node = isAlias(from) ? (from.resolve(this.#document) ?? null) : from;
    if (isSeq(node)) {
      const item = node.items.find((each) => typeof key === 'function' && key(this.#valueOf(each as Node)));
      return item === undefined ? null : { node: item as Node, at: item as Node };
    }
    if (!isMap(node)) return null;
    const pair = node.items.find((each) => isScalar(each.key) && each.key.value === key);
    if (isPair(pair)) return { node: pair.value as Node | null, at: pair.key as Node };
    for (const each of node.items) {
      if (!isScalar(each.key) || each.key.source !== '<<') continue;
      const value = each.value as Node | null;
      for (const source of isSeq(value) ? (value.items as Node[]) : [value]) {
        const found = this.#step(source, key);
        if (found) return found;
      }
    }
    return null;
  }

  #valueOf(node: Node | null): unknown {
    return node === null ? null : node.toJS(this.#document);
  }

  #locationOf(node: Node | null): Location | null {
    return node?.range ? { file: this.file, line: this.#lines.linePos(node.range[0]).line } : null;
  }

  /** Offsets of every scalar below a path of keys, wherever anchors and merges have it from; `*` stands for any key. */
  scalarsAt(path: readonly string[]): readonly (readonly [number, number])[] {
    const found: (readonly [number, number])[] = [];
    // An anchor may stand within what it names.
    const seen = Array.from({ length: path.length + 1 }, () => new Set<unknown>());
    const visit = (from: unknown, rest: readonly string[]): void => {
      const node = isAlias(from) ? from.resolve(this.#document) : from;
      if (seen[rest.length]?.has(node)) return;
      seen[rest.length]?.add(node);
      const [key, ...deeper] = rest;
      if (isScalar(node) && key === undefined && node.range) found.push([node.range[0], node.range[1]]);
      else if (isSeq(node)) for (const item of node.items) visit(item, rest);
      else if (isMap(node)) {
        for (const pair of node.items) {
          const name = isScalar(pair.key) ? pair.key.value : null;
          if (isScalar(pair.key) && pair.key.source === '<<') visit(pair.value, rest);
          else if (key === undefined || key === '*' || key === name) visit(pair.value, deeper);
        }
      }
    };
    visit(this.#document.contents, path);
    return found;
  }
}

/** The user's Compose files, for the places in them that a resolved model has come from. */
export class ComposeSource {
  /** In the order of precedence, the last one first. */
  readonly documents: readonly ComposeDocument[];

  constructor(documents: readonly ComposeDocument[]) {
    this.documents = documents.toReversed();
  }

  /** The line of the value at `path`, or of the nearest one above it that some file has. */
  locate(...path: readonly Key[]): Location | null {
    for (let depth = path.length; depth > 0; depth--) {
      const found = this.find(path.slice(0, depth));
      if (found) return found.location;
    }
    return null;
  }

  /** The value at exactly this path in the file that says it last. */
  find(path: readonly Key[]): { readonly value: unknown; readonly location: Location } | null {
    for (const document of this.documents) {
      const found = document.find(path);
      if (found) return found;
    }
    return null;
  }

  /** The line of a mount of a service. */
  locateMount(service: string, target: string): Location | null {
    const isIt = (value: unknown): boolean => targetOf(value) === target;
    return (
      this.find(['services', service, 'volumes', isIt])?.location ??
      this.find(['services', service, 'tmpfs', (value) => String(value).split(':')[0] === target])?.location ??
      this.locate('services', service, 'volumes')
    );
  }

  /** A mount of a service as it is written. */
  mountText(service: string, target: string): string | null {
    const found = this.find(['services', service, 'volumes', (value) => targetOf(value) === target])?.value;
    if (typeof found === 'string') return found;
    const source = (found as { source?: unknown } | undefined)?.source;
    return typeof source === 'string' ? source : null;
  }
}

const DRIVE = /^[A-Za-z]:[\\/]/;

/** The target of a mount in short or long syntax, without the slash at its end. */
export function targetOf(mount: unknown): string | null {
  if (typeof mount === 'object' && mount !== null) return trimmed((mount as { target?: string }).target ?? null);
  if (typeof mount !== 'string') return null;
  // A colon inside `${X:-y}` separates nothing.
  const parts = mount
    .replaceAll(/\$\{[^}]*\}/g, (text) => text.replaceAll(':', '\u0000'))
    .replace(DRIVE, '')
    .split(':');
  return trimmed((parts.length === 1 ? parts[0] : parts[1])?.replaceAll('\u0000', ':') ?? null);
}

function trimmed(path: string | null): string | null {
  return path !== null && path.length > 1 ? path.replace(/\/+$/, '') : path;
}

/** The named files and those that they include or extend, each once, as far as they lie here. */
export async function readComposeSource(files: readonly string[]): Promise<ComposeSource> {
  const documents = new Map<string, ComposeDocument>();
  const visit = async (file: string): Promise<void> => {
    if (documents.has(file)) return;
    const text = await readFile(file, 'utf8').catch(() => null);
    if (text === null) return;
    const document = new ComposeDocument(file, text);
    documents.set(file, document);
    for (const next of referencesOf(document.content)) await visit(resolve(dirname(file), next));
  };
  for (const file of files) await visit(file);
  // A file that is included has less to say than the ones that were named.
  const named = new Set(files);
  return new ComposeSource(
    [...documents.values()].toSorted((a, b) => Number(named.has(a.file)) - Number(named.has(b.file))),
  );
}

function referencesOf(content: unknown): string[] {
  const { include = [], services = {} } = (content ?? {}) as {
    include?: readonly (string | { path?: string | string[] })[];
    services?: Record<string, { extends?: { file?: string } | string } | null>;
  };
  const included = Array.isArray(include)
    ? include.flatMap((one) => (typeof one === 'string' ? one : (one?.path ?? [])))
    : [];
  const extended = Object.values(services ?? {}).flatMap((service) => {
    const base = service?.extends;
    return typeof base === 'object' && base.file !== undefined ? [base.file] : [];
  });
  return [...included, ...extended];
}
