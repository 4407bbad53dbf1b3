import { describe, expect, test } from 'vitest';
import { UNMEASURED } from '../../helpers/verdict/model.ts';
import type { ReportCell } from '../model.ts';
import { deadCell, fullReport, goodCell, largeReport, lostCell, sampleReport, unknownCell } from '../sample.ts';
import { renderHtml } from './page.ts';

/** What stands on the page, without the markup. */
function textOf(html: string): string {
  return html
    .replace(/<style>.*<\/style>/s, '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll('&#x3C;', '<')
    .replaceAll(/\s+/g, ' ');
}

/** The part of the page with this id, up to the next one of its kind. */
function partOf(html: string, id: string): string {
  return textOf(html.slice(html.indexOf(`id="${id}"`)).split(/<details class="cell|<section/)[0] ?? '');
}

function headings(html: string): string[] {
  return [...html.matchAll(/<h2[^>]*>(.*?)<\/h2>/g)].map(([, name = '']) => name);
}

function proofs(html: string): number {
  return html.match(/Proof that it happened/g)?.length ?? 0;
}

const full = renderHtml(fullReport());
const text = textOf(full);

test('begins with the verdict, and the first thing to do', () => {
  expect(text).toMatch(
    /^.*The stack loses data: 2 of 7 checks failed, 1 unknown, 1 accepted, 1 not tried\..*Next:.*What survives what/,
  );
});

test('is one file that loads nothing and runs nothing', () => {
  expect(full).toMatch(/^<!doctype html><html lang="en">/i);
  expect(full).toContain('<meta http-equiv="Content-Security-Policy" content="default-src &#x27;none&#x27;;');
  expect(full).not.toMatch(/<(script|link|img|iframe|object|embed)\b|\bsrc=|@import|url\(/);
});

test('every link leads to one place on the page', () => {
  const twins = sampleReport([goodCell, { ...goodCell, store: 'Notes!' }, { ...goodCell, store: 'notes?' }]);
  for (const html of [full, renderHtml(twins)]) {
    const ids = [...html.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const links = [...html.matchAll(/ href="([^"]*)"/g)].map(([, href = '']) => href);
    expect(links.length).toBeGreaterThan(3);
    for (const link of links) expect(ids.map((id) => `#${id}`)).toContain(link);
  }
});

test('has every part that the report has something for, and no other', () => {
  expect(headings(full)).toEqual([
    'Look here first',
    'What survives what',
    'The gate',
    'Since the run before',
    'Where the data lives',
    'Findings in the files',
    'How long until the data could be read again',
    'The evidence',
    'Claims of the guide',
    'Can the check fail?',
    'About this run',
  ]);
  expect(headings(renderHtml(sampleReport([], { stores: [], hosts: [] })))).toEqual(['About this run']);
});

describe('the matrix', () => {
  test('holds predicted against seen', () => {
    const html = renderHtml(sampleReport([goodCell, lostCell]));
    expect(textOf(html)).toContain('In 1 of 2 cells something else was seen than predicted');
    expect(html.match(/class="note surprise"/g)).toHaveLength(1);
    expect(textOf(html)).toContain('lost predicted survived');
  });

  test('says of a good outcome what its word does not', () => {
    const told = textOf(full);
    expect(told).toContain('! survived on borrowed time');
    expect(told).toContain('✓ lost as it must be');
    expect(told).toContain('~ lost accepted');
  });

  test('what nobody knows refutes no prediction', () => {
    const html = renderHtml(sampleReport([goodCell, lostCell, unknownCell]));
    expect(textOf(html)).toContain('In 1 of 2 cells something else was seen than predicted');
    expect(html.match(/class="note surprise"/g)).toHaveLength(1);
    expect(textOf(renderHtml(sampleReport([unknownCell])))).toContain('Nothing was predicted of what was seen.');
  });

  test('says when nothing was predicted', () => {
    expect(textOf(renderHtml(sampleReport([{ ...goodCell, predicted: null }])))).toContain(
      'Nothing was predicted of what was seen.',
    );
  });

  test('a service that is down over intact data is no wrong prediction of the data', () => {
    expect(renderHtml(sampleReport([deadCell]))).not.toContain('class="note surprise"');
  });

  test('what must be lost is told from what must not', () => {
    const [required, bad] = [{ ...lostCell, ok: true, expected: ['lost' as const] }, lostCell].map((cell) =>
      renderHtml(sampleReport([cell])),
    );
    expect(required).toContain('class="tile required"');
    expect(bad).toContain('class="tile bad"');
  });
});

describe('the evidence of a cell', () => {
  test('the commands by hand, the proof, the ledger, the rows, the log', () => {
    const part = partOf(full, 'down-up.notes');
    expect(part).toContain('writes begun 20');
    expect(part).toContain('lost 10');
    expect(part).toContain('Writes gone the last 50 ms');
    expect(part).toContain('o-n-notes-0-10, o-n-notes-0-11');
    expect(part).toContain('app | ready');
  });

  test('what was not measured says so, and is never 0', () => {
    const part = partOf(renderHtml(sampleReport([unknownCell])), 'crash.notes');
    for (const what of ['Writes gone', 'read back the same', 'lost', 'changed', 'end unknown, yet there'])
      expect(part).toContain(`${what} not measured`);
    expect(part).not.toMatch(/(lost|read back the same) 0/);
  });

  test('a cell that did not run has no counts', () => {
    const idle: ReportCell = { ...goodCell, ...UNMEASURED, status: 'not-run', ok: false, reason: 'no-backup' };
    const part = partOf(renderHtml(sampleReport([idle])), 'restart.notes');
    expect(part).toContain('Add a backup section to outlast.yaml');
    expect(part).not.toContain('writes begun');
  });

  test('what all stores have in common is told once, and what differs at each', () => {
    const other = { ...goodCell, store: 'files' };
    const same = renderHtml(sampleReport([goodCell, other]));
    const proof = { ...goodCell.proof, after: { 'app start': '3' } };
    const differing = renderHtml(sampleReport([goodCell, { ...other, proof }]));
    expect([proofs(same), proofs(differing)]).toEqual([1, 2]);
    expect(same.match(/docker compose restart/g)).toHaveLength(1);
  });

  test('a timeline only where one was measured', () => {
    expect(partOf(full, 'down-up')).toContain('write rows 200 ms, disrupt 500 ms, host boots 200 ms');
    expect(partOf(full, 'crash')).toContain('Timeline: not measured.');
  });
});

describe('where the data lives', () => {
  const places = textOf(full.slice(full.indexOf('id="places"'), full.indexOf('id="findings"')));

  test('a store stands on the mount that holds it, in the words of the Compose file', () => {
    expect(places).toMatch(/app \/data ✗ notes.*?data a named volume/);
  });

  test('a store that no mount holds hangs in the air', () => {
    expect(full).toMatch(/class="ground container air".*?\/var\/cache/s);
    expect(places).toContain('inside app');
  });

  test('a mount that is not what the store was seen to lie on does not hold it', () => {
    const report = fullReport();
    const stores = report.stores.map((store) => ({ ...store, layer: 'container' as const }));
    const html = renderHtml({ ...report, stores });
    expect(textOf(html)).toContain('app /data not watched data a named volume');
    expect(textOf(html)).toMatch(/app \/data\/notes.db ✗ notes.*inside app/);
  });

  test('a report without mounts says that it has none', () => {
    expect(textOf(renderHtml(sampleReport([goodCell])))).toContain('Other mounts: not measured.');
  });
});

test('findings come with the lines of the user, and the fix', () => {
  expect(text).toContain(
    'compose.yaml:7 · app · /var/cache 6 | services: > 7 | app: 8 | image: app:1 The next container starts without it.',
  );
  expect(full).toContain('<mark>> 7 |   app:</mark>  8 |');
  expect(text).toContain('Fix: Mount a volume at /var/cache .');
});

describe('rules', () => {
  const [finding] = fullReport().findings;
  if (finding === undefined) throw new Error('The sample has a finding.');
  const pageWith = (...rules: string[]) =>
    renderHtml(sampleReport([goodCell], { findings: rules.map((rule) => ({ ...finding, rule })) }));

  test('each is explained once in the file itself, where the findings lead to', () => {
    const html = pageWith('tmpfs-data', 'container-layer-data', 'tmpfs-data');
    expect(html.match(/href="#rule_tmpfs-data"/g)).toHaveLength(2);
    expect(html.match(/id="rule_tmpfs-data"/g)).toHaveLength(1);
    expect(html.match(/id="rule_container-layer-data"/g)).toHaveLength(1);
    const explained = textOf(html.slice(html.indexOf('id="rule_container-layer-data"')));
    expect(explained).toContain('Severity: error. Hazard 1. The data lies in the container');
    expect(explained).toMatch(
      /Fix: Mount a named volume.* Found At .* compose\.yaml name: shop services:.* Not found /,
    );
  });

  test('one that is not known leads nowhere', () => {
    const html = pageWith('of-tomorrow', '../outcomes');
    expect(html).not.toContain('#rule_');
    expect(textOf(html)).toContain('Rule of-tomorrow');
    expect(textOf(html)).not.toContain('The rules');
  });
});

test('claims that need a look come first', () => {
  expect(text.indexOf('It does not hold')).toBeLessThan(text.indexOf('It holds'));
});

test('says what the gate decides, why, and what it accepts until when', () => {
  const part = partOf(full, 'gate');
  expect(part).toContain('the deploy is refused not-survived notes after down-up: lost unknown notes after crash');
  expect(part).toContain('Accepted: 1 cache after down-up: lost: it is filled again, until 2020-03-20');
});

test('says what got worse', () => {
  expect(text).toMatch(/Worse: 1 notes after down-up: survived → lost/);
  expect(text).toContain('New findings: 1 error container-layer-data, compose.yaml:7: Data where nothing is mounted');
  expect(text).toContain('Findings that are gone: 1 warning no-restart-policy, app: Nobody starts app');
});

test('a report as large as that of the reference stack stays below 1 MB', () => {
  expect(renderHtml(largeReport(5, 14)).length).toBeLessThan(1_000_000);
});
