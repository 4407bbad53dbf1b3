import { PassThrough } from 'node:stream';
import { WriteStream } from 'node:tty';
import { stripVTControlCharacters } from 'node:util';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { OUTCOMES, REASONS, type Reason } from '../helpers/verdict/model.ts';
import { ADVICE } from './advice.ts';
import type { Report } from './model.ts';
import { deadCell, fullReport, goodCell, lostCell, sampleReport, unknownCell } from './sample.ts';
import { renderTerminal } from './terminal.ts';

const noTerminal = new PassThrough();
const terminal = Object.assign(new PassThrough(), { isTTY: true, getColorDepth: () => 8 });
const mixed = sampleReport([goodCell, deadCell, unknownCell, lostCell]);

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('renderTerminal', () => {
  test('says the verdict, the worst cell first, and what to do next', () => {
    const [, after = ''] = renderTerminal(mixed, { stream: noTerminal }).split('\n\n');
    expect(after.split('\n')).toEqual([
      '✗ lost  down-up × notes: Acknowledged rows are gone.',
      '? unknown  crash × notes: The engine stopped answering.',
      '✗ unavailable  reboot × notes: The service did not come back.',
      'The stack loses data: 2 of 4 checks failed, 1 unknown.',
      'Next: Put the data on a named volume or a bind, and let the store sync before it',
      '      acknowledges.',
    ]);
  });

  test('says what is worse and better than before, and what the gate decides', () => {
    const lines = renderTerminal(fullReport(), { stream: noTerminal }).split('\n');
    const from = lines.findIndex((line) => line.startsWith('Worse'));
    expect(lines.slice(from, from + 13)).toEqual([
      'Worse: notes after down-up: survived → lost',
      'Better: notes after kill: lost → survived',
      'New finding: error container-layer-data, compose.yaml:7: Data where nothing is',
      '    mounted',
      'Gone: warning no-restart-policy, app: Nobody starts `app`',
      'Compared with run r0 of 2019-12-31 00:00 UTC.',
      'The stack loses data: 2 of 7 checks failed, 1 unknown, 1 accepted, 1 not tried.',
      'Gate: Refused: notes after down-up: lost; notes after crash: unknown',
      '      (host-died). Accepted: cache after down-up: lost (it is filled again,',
      '      until 2020-03-20).',
      expect.stringMatching(/^Next: /),
      expect.any(String),
    ]);
    const other = { disruption: 'kill', store: 'notes', before: null, after: 'survived' } as const;
    const same = renderTerminal(sampleReport([goodCell], { baseline: { runId: 'r0', other: [other] } }), {
      stream: noTerminal,
    });
    expect(same).toContain('\nNeither worse nor better than run r0.\n');
  });

  test('names ten new findings of many, and none of them steers the terminal', () => {
    const finding = { rule: 'r', severity: 'info', service: null, file: null, line: null } as const;
    const newFindings = Array.from({ length: 12 }, (_, index) => ({ ...finding, title: `\u001b[2J${index}` }));
    const text = renderTerminal(sampleReport([goodCell], { baseline: { newFindings } }), { stream: noTerminal });
    expect(text.match(/^New finding: info r: \d$/gm)).toHaveLength(10);
    expect(text).toContain('\n  and 2 more\nCompared with an earlier run.\n');
  });

  test('nothing of a report steers the terminal', () => {
    const evil = '\u001b[2J\u009b1mx';
    const report = JSON.parse(
      JSON.stringify(fullReport()).replaceAll(/"(notes|cache|down-up|restore|r0|h1)"/g, JSON.stringify(`$1${evil}`)),
    ) as Report;
    const text = renderTerminal(report, { stream: noTerminal });
    // eslint-disable-next-line no-control-regex
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    expect(text).toMatch(/notes.*x/);
  });

  test('shows each cell in the matrix', () => {
    const text = renderTerminal(mixed, { stream: noTerminal });
    expect(text).toMatch(/^restart +✓ survived$/m);
    expect(text).toMatch(/^down-up +✗ lost$/m);
    expect(text).toMatch(/^crash +\? unknown$/m);
  });

  test('has nothing to do next when all is well', () => {
    const text = renderTerminal(sampleReport([{ ...goodCell, disruption: 'restore' }]), { stream: noTerminal });
    expect(text).toMatch(/1 of 1 checks passed\.$/);
  });

  test('marks an expected loss as good and an accepted one as accepted', () => {
    const expected = { ...lostCell, disruption: 'down-volumes', expected: ['lost' as const], ok: true };
    const accepted = { ...lostCell, acceptedBy: 'baseline' };
    const text = renderTerminal(sampleReport([expected, accepted]), { stream: noTerminal });
    expect(text).toMatch(/^down-volumes +✓ lost$/m);
    expect(text).toMatch(/^down-up +~ lost$/m);
    expect(text).not.toContain(ADVICE['rows-missing'].slice(0, 20));
  });

  test('suspects the harness where a loss did not happen', () => {
    const report = sampleReport([{ ...goodCell, disruption: 'down-volumes', expected: ['lost'], ok: false }]);
    const text = renderTerminal(report, { stream: noTerminal });
    expect(text).toContain('It should have been lost; the harness');
    expect(text).toContain('Next: Check the harness');
  });

  test('tells hosts apart where there are several', () => {
    const text = renderTerminal(sampleReport([goodCell, { ...lostCell, disruption: 'restart', host: 'h2' }]), {
      stream: noTerminal,
    });
    expect(text).toMatch(/^restart \(h1\) +✓ survived$/m);
    expect(text).toMatch(/^restart \(h2\) +✗ lost$/m);
    expect(text).toContain('restart × notes on h2');
  });

  test.for([
    ['store', 5, 9, 1],
    ['store', 6, 9, 1],
    ['a-rather-long-store', 9, 14, 1],
    ['store', 50, 20, 1],
    ['store', 20, 60, 1],
    ['a-store-whose-name-is-longer-than-any-column-may-be', 40, 40, 2],
  ] as const)(
    '%s: fits 80 columns with %i stores and %i disruptions, each cell once',
    ([name, stores, disruptions, tables]) => {
      const reasons = Object.keys(REASONS).filter((key): key is Reason => key in REASONS);
      const cells = Array.from({ length: disruptions }, (_, d) =>
        Array.from({ length: stores }, (__, s) => ({
          ...lostCell,
          disruption: `disruption-${d}`,
          store: `${name}-${s}`,
          outcome: OUTCOMES[(d + s) % OUTCOMES.length] ?? 'unknown',
          reason: reasons[(d * 9 + s) % reasons.length] ?? null,
        })),
      ).flat();
      const text = stripVTControlCharacters(renderTerminal(sampleReport(cells), { stream: terminal }));
      expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
      const [matrix = ''] = text.split('\n\n');
      expect(matrix.match(/[✗?]/g)).toHaveLength(cells.length);
      expect(matrix.split('\n').filter((line) => line.startsWith(' '))).toHaveLength(tables);
    },
  );

  test('says what the columns and the marks are, where there is no room for words', () => {
    const cells = Array.from({ length: 30 }, (_, index) => ({ ...goodCell, store: `store-${index}` }));
    const text = renderTerminal(sampleReport(cells), { stream: noTerminal });
    expect(text).toContain('\n\n1\u00a0restart\n✓ as it must be, ! so far, ✗ not');
    expect(text).toMatch(/^store-29 +✓$/m);
  });

  test('names ten cells at most, and counts the rest', () => {
    const cells = Array.from({ length: 12 }, (_, index) => ({ ...lostCell, store: `store-${index}` }));
    const text = renderTerminal(sampleReport(cells), { stream: noTerminal });
    expect(text.match(/Acknowledged rows are gone/g)).toHaveLength(10);
    expect(text).toContain('\n  and 2 more\n');
  });

  test('says of lost rows what they lay on, where that does not hold', () => {
    const report = sampleReport([lostCell, goodCell]);
    const stores = report.stores.map((store) => ({ ...store, layer: 'container' as const }));
    const text = renderTerminal({ ...report, stores }, { stream: noTerminal }).replaceAll(/\s+/g, ' ');
    expect(text).toContain("rows are gone. /data/notes.db: the container's own layer, gone with the container.");
    expect(text.match(/own layer/g)).toHaveLength(1);
  });

  test('tells what has survived by luck, once a store', () => {
    const lucky = { ...goodCell, reason: 'borrowed-time' as const };
    const text = renderTerminal(sampleReport([lucky, { ...lucky, disruption: 'kill' }]), { stream: noTerminal });
    expect(text).toMatch(/^kill +! survived$/m);
    expect(text.match(/^! survived {2}notes/gm)).toHaveLength(1);
    expect(text.replaceAll(/\s+/g, ' ')).toContain('notes: on borrowed time, in the container itself (restart, kill)');
  });

  test('is brief where it is asked to be', () => {
    const text = renderTerminal(sampleReport([lostCell]), { stream: noTerminal, brief: true });
    expect(text).toMatch(/^✗ lost {2}down-up × notes/);
  });

  test('colours a terminal, and nothing else', () => {
    vi.stubEnv('FORCE_COLOR', undefined);
    vi.stubEnv('NO_COLOR', undefined);
    expect(renderTerminal(mixed, { stream: terminal })).toContain('\u{1b}[31m');
    expect(renderTerminal(mixed, { stream: noTerminal })).not.toContain('\u{1b}');
  });

  test('respects NO_COLOR', () => {
    vi.stubEnv('FORCE_COLOR', undefined);
    vi.stubEnv('NO_COLOR', '1');
    const plain = Object.assign(new PassThrough(), { isTTY: true });
    const obedient: NodeJS.WritableStream = Object.setPrototypeOf(plain, WriteStream.prototype);
    expect(renderTerminal(mixed, { stream: obedient })).not.toContain('\u{1b}');
  });
});
