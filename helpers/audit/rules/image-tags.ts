import { imageNameOf } from '../known-images.ts';
import type { Hit, Rule } from '../rule.ts';
import type { AuditedService, Subject } from '../subject.ts';

/** Does the tag say no version at all, or only what moves? */
function floats(reference: string): boolean {
  const { tag, digest } = imageNameOf(reference);
  return digest === null && (tag === null || !/\d/.test(tag.replace(/alpine[\d.]*|ubi\d*|debian-\d+/g, '')));
}

export const floatingDatabaseTag: Rule = {
  id: 'floating-database-tag',
  hazard: '6',
  severity: 'warning',
  why: 'The next pull may bring a new major version, and its server does not start on the files of the old one.',
  fix: 'Name the major version, as in `postgres:17-bookworm`, and change it only together with a dump and a restore.',
  check: ({ services, source }: Subject): Hit[] =>
    services
      .filter(({ known, reference }) => known?.upgradesByHand === true && reference !== null && floats(reference))
      .map(({ name, reference }) => ({
        service: name,
        at: source.locate('services', name, 'image'),
        title: `${name}: the tag of ${reference} says no version.`,
      })),
};

export const unpinnedDistribution: Rule = {
  id: 'unpinned-distribution',
  hazard: '20',
  severity: 'info',
  why: 'The distribution beneath the tag changes one day, and with it the order in which text is sorted. Indexes that were built in the old order then miss rows.',
  fix: 'Name the distribution too, as in `postgres:17-bookworm`.',
  check: ({ services, source }: Subject): Hit[] =>
    services
      .filter(({ known, reference }) => known?.collates === true && reference !== null && !namesDistribution(reference))
      .map(({ name, reference }) => ({
        service: name,
        at: source.locate('services', name, 'image'),
        title: `${name}: the tag of ${reference} does not say what distribution it is made of.`,
      })),
};

function namesDistribution(reference: string): boolean {
  const { tag, digest } = imageNameOf(reference);
  return digest !== null || /bookworm|trixie|bullseye|forky|buster|alpine\d/.test(tag ?? '');
}

export const killBeforeUpgrade: Rule = {
  id: 'kill-before-upgrade',
  hazard: '23',
  severity: 'warning',
  why: 'A server that was killed leaves a redo log behind, and a newer version refuses it. A tag that moves and a stop that ends in a kill come together at the worst moment.',
  fix: 'Name the version of the image, and give the server a `stop_grace_period` of a minute or more.',
  check: ({ services, source }: Subject): Hit[] =>
    services.filter(isKilledAndUpgraded).map(({ name, reference }) => ({
      service: name,
      at: source.locate('services', name, 'image'),
      title: `${name} may be killed while it stops, and the tag of ${reference} says no version.`,
    })),
};

function isKilledAndUpgraded({ known, reference, model }: AuditedService): boolean {
  return (
    known?.engine === 'mysql' && reference !== null && floats(reference) && model['stop_grace_period'] === undefined
  );
}
