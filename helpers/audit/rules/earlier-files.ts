import { isDeepStrictEqual } from 'node:util';
import type { ComposeDocument } from '../compose-source.ts';
import { targetOf } from '../compose-source.ts';
import type { Rule } from '../rule.ts';

interface WrittenVolume {
  readonly name?: unknown;
  readonly driver?: unknown;
  readonly driver_opts?: unknown;
}

interface Written {
  readonly services?: Record<string, { readonly volumes?: readonly unknown[] } | null>;
  readonly volumes?: Record<string, WrittenVolume | null>;
}

function writtenIn({ content }: ComposeDocument): Written {
  return (content as Written | null | undefined) ?? {};
}

/** The key of the volume that an entry of `volumes` mounts; `null` where it is a bind, has no name, or one of a variable. */
function keyOf(entry: unknown): string | null {
  const source = typeof entry === 'string' ? entry.split(':')[0] : (entry as { source?: unknown } | null)?.source;
  const isBareTarget = typeof entry === 'string' && !entry.includes(':');
  return typeof source === 'string' && !isBareTarget && /^[\w.-]{2,}$/.test(source) && !source.startsWith('.')
    ? source
    : null;
}

export const volumeRenamed: Rule = {
  id: 'volume-renamed',
  hazard: '38',
  severity: 'warning',
  why: 'The volume has another key than before, so Compose makes a new one, empty. The old one is still there, out of sight, and goes with the next prune.',
  fix: 'Keep the key, or give the volume the full name of the old one with `name:`.',
  *check({ earlier, services, model, source }) {
    for (const document of earlier) {
      const written = writtenIn(document);
      for (const service of services) {
        const before = written.services?.[service.name]?.volumes ?? [];
        for (const { layer, source: now, target } of service.mounts) {
          const entry = Array.isArray(before) ? before.find((each) => targetOf(each) === target) : undefined;
          const old = keyOf(entry);
          if (layer !== 'named-volume' || now === null || old === null || old === now) continue;
          // It was there before, under this key: another volume was meant.
          if (Object.hasOwn(written.volumes ?? {}, now)) continue;
          const name = model.volumes?.[now]?.name;
          const oldName = written.volumes?.[old]?.name ?? `${model.name}_${old}`;
          if (name === oldName) continue;
          yield {
            service: service.name,
            at: source.locateMount(service.name, target),
            path: target,
            title: `The volume at ${target} of ${service.name} was "${old}" before the last change, and is "${now}" now.`,
          };
        }
      }
    }
  },
};

export const volumeOptionsChanged: Rule = {
  id: 'volume-options-changed',
  hazard: '33',
  severity: 'warning',
  why: 'A volume is made once. What its driver is told afterwards is not applied to the one that is there: the data stays where it was, while the file says that it lies elsewhere.',
  fix: 'Make a volume with another key for the new options, and copy the data over.',
  *check({ earlier, source }) {
    for (const document of earlier) {
      const now = source.documents.find(({ file }) => file === document.file);
      if (!now) continue;
      const volumes = writtenIn(now).volumes ?? {};
      for (const [key, old] of Object.entries(writtenIn(document).volumes ?? {})) {
        const volume = Object.hasOwn(volumes, key) ? (volumes[key] ?? {}) : null;
        if (volume === null || volume.name !== (old ?? {}).name) continue;
        const options = ({ driver = 'local', driver_opts: opts = {} }: WrittenVolume): unknown => ({ driver, opts });
        if (isDeepStrictEqual(options(volume), options(old ?? {}))) continue;
        yield {
          at: source.locate('volumes', key),
          path: key,
          title: `The volume "${key}" has another driver or other options since the last change.`,
        };
      }
    }
  },
};
