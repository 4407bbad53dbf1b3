import { posix } from 'node:path';
import { h } from 'hastscript';
import type { Element } from 'hast';
import type { Layer } from '../../helpers/verdict/model.ts';
import { LAYER_WORDS } from '../durability.ts';
import type { ReportMount, ReportStore } from '../model.ts';
import { mark, section, toneOf, type Tone, TONES, type View, type Part } from './view.ts';

/** What the bytes lie on, and what stands on it. */
interface Ground {
  readonly layer: Layer;
  readonly name: string;
  readonly boxes: Box[];
}

/** A path of a service, and the stores that lie below it. */
interface Box {
  readonly service: string;
  readonly path: string;
  readonly readOnly: boolean;
  readonly stores: ReportStore[];
}

/** Most durable first. */
const ORDER: readonly Layer[] = ['bind', 'named-volume', 'anonymous-volume', 'container', 'tmpfs', 'image'];

/** A picture of where the data lives: services stand on what holds their bytes, or hang in the air. */
export function places(view: View): Part | null {
  const { stores, stack } = view.report;
  if (stores.length === 0) return null;
  const grounds = groundsOf(stores, stack?.mounts ?? []);
  const seated = new Set(grounds.flatMap(({ boxes }) => boxes.map(({ service }) => service)));
  const rest = (stack?.services ?? []).filter((service) => !seated.has(service));
  const worst = worstTones(view);
  return section(
    'places',
    'Where the data lives',
    h('p.lead', 'A service stands on what holds its bytes. What stands on nothing solid hangs in the air.'),
    h(
      'ul.grounds',
      grounds.map(({ layer, name, boxes }) =>
        h(
          'li.ground',
          { className: [layer, LAYER_WORDS[layer].holds ? 'solid' : 'air'], style: `--boxes:${boxes.length}` },
          h(
            'ul.boxes',
            boxes.map((each) => box(each, worst)),
          ),
          h('div.slab', h('strong', name), h('span', `${LAYER_WORDS[layer].name}, ${LAYER_WORDS[layer].fate}`)),
        ),
      ),
    ),
    rest.length > 0 ? h('p.quiet', `No mount, no store: ${rest.join(', ')}.`) : null,
    stack?.mounts === undefined ? h('p.quiet', 'Other mounts: not measured.') : null,
  );
}

function box({ service, path, readOnly, stores }: Box, worst: ReadonlyMap<string, Tone>): Element {
  return h(
    'li.box',
    h('strong', service),
    h('code', path),
    readOnly ? h('span.quiet', 'read-only') : null,
    stores.length > 0
      ? h(
          'ul.chips',
          stores.map((store) => storeChip(store, worst.get(store.id))),
        )
      : h('span.quiet', 'not watched'),
  );
}

function storeChip({ id, kind, writer }: ReportStore, tone: Tone | undefined): Element {
  const about = `${kind}, written by ${writer === 'app' ? 'the app' : 'a probe'}`;
  return h(
    'li.chip',
    { className: tone === undefined ? [] : [tone], title: about },
    tone === undefined ? null : mark(tone),
    ' ',
    id,
    tone === undefined ? null : h('span.hidden', `: at worst, ${TONES[tone].meaning}`),
  );
}

const SEVERITY: readonly Tone[] = ['bad', 'unknown', 'accepted', 'borrowed', 'untried', 'required', 'good', 'none'];

/** How each store came off at worst. */
function worstTones({ report }: View): Map<string, Tone> {
  const worst = new Map<string, Tone>();
  for (const cell of report.cells) {
    const [before, tone] = [worst.get(cell.store), toneOf(cell)];
    if (before === undefined || SEVERITY.indexOf(tone) < SEVERITY.indexOf(before)) worst.set(cell.store, tone);
  }
  return worst;
}

function groundsOf(stores: readonly ReportStore[], mounts: readonly ReportMount[]): Ground[] {
  const grounds = new Map<string, Ground>();
  const boxes = new Map<string, Box>();
  const boxOn = (layer: Layer, name: string, seat: Omit<Box, 'stores'>): Box => {
    const groundKey = JSON.stringify([layer, name]);
    const ground = grounds.get(groundKey) ?? { layer, name, boxes: [] };
    grounds.set(groundKey, ground);
    const key = JSON.stringify([groundKey, seat.service, seat.path]);
    const found = boxes.get(key);
    if (found) return found;
    const made = { ...seat, stores: [] };
    boxes.set(key, made);
    ground.boxes.push(made);
    return made;
  };
  for (const mount of mounts) boxOn(mount.layer, nameOf(mount), { ...mount, path: mount.target });
  for (const store of stores) {
    const mount = coveringMount(store, mounts);
    const found = mount
      ? boxOn(mount.layer, nameOf(mount), { ...mount, path: mount.target })
      : boxOn(store.layer, unmounted(store), { service: store.service, path: store.path, readOnly: false });
    found.stores.push(store);
  }
  return [...grounds.values()].toSorted((a, b) => ORDER.indexOf(a.layer) - ORDER.indexOf(b.layer));
}

/** The mount that holds the store, if it is what the store was seen to lie on. */
function coveringMount(store: ReportStore, mounts: readonly ReportMount[]): ReportMount | undefined {
  return mounts
    .filter(
      ({ service, target, layer }) =>
        service === store.service && layer === store.layer && !posix.relative(target, store.path).startsWith('..'),
    )
    .toSorted((a, b) => b.target.length - a.target.length)[0];
}

function nameOf({ service, layer, source, target }: ReportMount): string {
  return source ?? (layer === 'tmpfs' ? `memory of ${service}` : `${service}:${target}`);
}

function unmounted({ layer, service, source }: ReportStore): string {
  if (layer === 'container') return `inside ${service}`;
  if (layer === 'tmpfs') return `memory of ${service}`;
  return source === '' ? service : source;
}
