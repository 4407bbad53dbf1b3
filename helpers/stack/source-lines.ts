import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Document,
  type Pair,
  type ParsedNode,
} from 'yaml';
import type { Refusal } from './allow-list.ts';

interface Tree {
  readonly file: string;
  readonly text: string;
  readonly document: Document<ParsedNode>;
  /** The document as plain values; `null` where it has none, as an alias that multiplies without end. */
  readonly root: Root | null;
  readonly lines: LineCounter;
}

interface Root {
  readonly include?: unknown;
  readonly services?: Readonly<Record<string, Service | null>> | null;
}

interface Service extends Commanded {
  readonly environment?: unknown;
  readonly labels?: unknown;
  readonly build?: { readonly args?: unknown } | string | null;
  readonly extends?: { readonly file?: unknown } | string | null;
}

interface Commanded {
  readonly command?: unknown;
  readonly entrypoint?: unknown;
  readonly healthcheck?: { readonly test?: unknown } | null | undefined;
}

interface Place {
  readonly at: string;
  /** How many keys of the path were found. */
  readonly depth: number;
}

/** Where the keys of a project stand in the user's files, as their syntax trees tell: what they mean is for Compose alone to say. */
export class SourceLines {
  /** Those that count most come last. */
  readonly #trees: readonly Tree[];

  private constructor(trees: readonly Tree[]) {
    this.#trees = trees;
  }

  /** Reads the files with all that they include and extend and that lies on this machine. */
  static async read(files: readonly string[]): Promise<SourceLines> {
    const trees = new Map<string, Tree>();
    for (const file of files) await readTree(file, trees);
    return new SourceLines([...trees.values()]);
  }

  /** Where the files lie. */
  get folders(): string[] {
    return this.#trees.map(({ file }) => dirname(file));
  }

  /** The whole text of each file. */
  get texts(): string[] {
    return this.#trees.map(({ text }) => text);
  }

  /** The names of all services, whatever profile they are of. */
  get services(): string[] {
    return [...new Set(this.#trees.flatMap(({ root }) => Object.keys(root?.services ?? {})))];
  }

  /** Every scalar below `environment:`, `args:` and `labels:`, as it stands there, with its name. */
  get settings(): [name: string, value: string][] {
    return this.#trees.flatMap(({ root }) => Object.values(root?.services ?? {}).flatMap(namedValues));
  }

  /** What services are started and checked with, as it stands there. */
  get commands(): string[] {
    return this.#trees.flatMap(({ root }) => Object.values(root?.services ?? {}).flatMap(commandsOf));
  }

  /** Every scalar that may decide where data lies, what holds it and who may write it. */
  get structure(): string[] {
    return this.#trees.flatMap(({ root }) => structureOf(root));
  }

  /**
   * `file:line` of the key, or of the nearest one above it that a file has.
   * @param mention text of the entry that is meant, where the key's value is a list
   */
  locate(path: readonly string[], mention?: string): string {
    const places = this.#trees.map((tree) => placeIn(tree, path, mention));
    const best = places.reduce((found, next) => (next.depth >= found.depth ? next : found), { at: '', depth: -1 });
    return best.at;
  }

  /** Includes and extensions that are fetched from elsewhere, as far as that can be seen without an interpreter. */
  get remotes(): Refusal[] {
    return this.#trees.flatMap(({ root }) =>
      referencesOf(root)
        .filter(({ file }) => isRemote(file))
        .map(({ file, path }) => ({
          key: path.join('.'),
          path,
          mention: file,
          why: `${file} is fetched from elsewhere`,
        })),
    );
  }
}

async function readTree(file: string, trees: Map<string, Tree>): Promise<void> {
  if (trees.has(file)) return;
  // What cannot be read is for Compose to complain about.
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text === null) return;
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, merge: true });
  const tree = { file, text, document, lines, root: rootOf(document) };
  trees.set(file, tree);
  for (const reference of referencesOf(tree.root)) {
    if (!isRemote(reference.file)) await readTree(resolve(dirname(file), reference.file), trees);
  }
  // After what it includes: its own keys count more.
  trees.delete(file);
  trees.set(file, tree);
}

interface Reference {
  readonly file: string;
  readonly path: readonly string[];
}

function rootOf(document: Document<ParsedNode>): Root | null {
  try {
    const root: unknown = document.toJS();
    return typeof root === 'object' ? root : null;
  } catch {
    return null;
  }
}

/** What only the app or the network sees, and what is often secret. */
const NOT_OF_DATA: ReadonlySet<string> = new Set([
  'environment',
  'args',
  'labels',
  'annotations',
  'healthcheck',
  'logging',
  'ports',
  'expose',
  'networks',
  'dns',
  'extra_hosts',
  'content',
]);

/** Parts whose keys are names of the user's. */
const NAMED_PARTS: readonly string[] = ['services', 'volumes', 'secrets', 'configs'];

/** What an extension holds counts where it is used. */
function structureOf(root: Root | null): string[] {
  return Object.entries(root ?? {}).flatMap(([key, part]: [string, unknown]) => {
    if (key.startsWith('x-') || NOT_OF_DATA.has(key)) return [];
    const isNamed = NAMED_PARTS.includes(key) && typeof part === 'object' && part !== null;
    return isNamed ? Object.values(part).flatMap((each) => scalarsIn(each)) : scalarsIn(part);
  });
}

/** @param above what it lies in: an alias may name what holds it */
function scalarsIn(value: unknown, above: readonly unknown[] = []): string[] {
  if (typeof value !== 'object' || value === null) return [String(value)];
  if (above.includes(value)) return [];
  const path = [...above, value];
  return Object.entries(value).flatMap(([key, each]) => (NOT_OF_DATA.has(key) ? [] : scalarsIn(each, path)));
}

/** The files that a file takes in. */
function referencesOf(root: Root | null): Reference[] {
  const included = [root?.include ?? []].flat().flatMap((entry: unknown) => {
    const paths = typeof entry === 'object' && entry !== null && 'path' in entry ? entry.path : entry;
    return [paths ?? []].flat().map((file: unknown) => [file, ['include']] as const);
  });
  const extended = Object.entries(root?.services ?? {}).map(
    ([name, service]) =>
      [typeof service?.extends === 'object' ? service.extends?.file : null, ['services', name, 'extends']] as const,
  );
  return [...included, ...extended].flatMap(([file, path]) => (typeof file === 'string' ? [{ file, path }] : []));
}

/** The forms that Compose fetches: https://docs.docker.com/compose/how-tos/multiple-compose-files/include/ */
function isRemote(file: string): boolean {
  return /^[a-z+]+:\/\/|^[\w.-]+@[\w.-]+:|^github\.com\/|\.git(#|$)/i.test(file);
}

function placeIn(tree: Tree, path: readonly string[], mention: string | undefined, base = 0): Place {
  let node: unknown = tree.document.contents;
  let offset = 0;
  let depth = 0;
  let service: unknown;
  for (const key of path) {
    const pair = pairOf(tree.document, node, key);
    if (!pair) break;
    offset = pair.key.range?.[0] ?? offset;
    node = pair.value;
    depth++;
    if (depth === 2 && path[0] === 'services') service = node;
  }
  const extended = depth < path.length && base < MAX_EXTENDS ? extendedName(tree.document, service) : null;
  if (extended !== null) {
    const place = placeIn(tree, ['services', extended, ...path.slice(2)], mention, base + 1);
    if (place.depth > depth) return place;
  }
  const list = resolved(tree.document, node);
  if (mention !== undefined && depth === path.length && isSeq(list)) {
    const entry = list.items.find((item) => sourceOf(tree, item).includes(mention)) as ParsedNode | undefined;
    offset = entry?.range?.[0] ?? offset;
  }
  return { at: `${tree.file}:${tree.lines.linePos(offset).line}`, depth };
}

/** Chains of extending services end; those that do not are refused by Compose. */
const MAX_EXTENDS = 20;

function extendedName(document: Document<ParsedNode>, service: unknown): string | null {
  const value = pairOf(document, service, 'extends')?.value;
  const name = isScalar(value) ? value.value : pairOf(document, value, 'service')?.value;
  return typeof name === 'string' ? name : isScalar(name) ? String(name.value) : null;
}

/** The pair of a map, its aliases and merged maps included. */
function pairOf(
  document: Document<ParsedNode>,
  node: unknown,
  key: string,
): Pair<ParsedNode, ParsedNode | null> | null {
  const map = resolved(document, node);
  if (!isMap<ParsedNode, ParsedNode | null>(map)) return null;
  const own = map.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === key);
  if (own) return own;
  for (const pair of map.items.filter((each) => isScalar(each.key) && each.key.source === '<<')) {
    const value = resolved(document, pair.value);
    for (const merged of isSeq(value) ? value.items : [value]) {
      const found = pairOf(document, merged, key);
      if (found) return found;
    }
  }
  return null;
}

function resolved(document: Document<ParsedNode>, node: unknown): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}

function sourceOf({ text }: Tree, node: unknown): string {
  const range = (node as ParsedNode | null)?.range;
  return range ? text.slice(range[0], range[1]) : '';
}

function namedValues(service: Service | null): [string, string][] {
  const build = typeof service?.build === 'object' ? service.build : null;
  return [service?.environment, build?.args, service?.labels].flatMap((values): [string, string][] => {
    if (Array.isArray(values)) {
      return values.map((each) => /^([^=]*)=?([\s\S]*)$/.exec(String(each))?.slice(1) as [string, string]);
    }
    if (typeof values !== 'object') return [];
    return Object.entries(values ?? {}).map(([name, value]) => [name, String(value ?? '')]);
  });
}

/** What a service is started and checked with: one text for each, with the words of a list behind each other. */
export function commandsOf(service: Commanded | null): string[] {
  const said = [service?.command, service?.entrypoint, service?.healthcheck?.test];
  return said.map((words) => [words ?? []].flat().map(String).join(' '));
}
