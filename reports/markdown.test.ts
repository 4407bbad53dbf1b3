import { marked, type Token, type Tokens } from 'marked';
import { describe, expect, test } from 'vitest';
import { renderMarkdown } from './markdown.ts';
import type { Report } from './model.ts';
import { deadCell, fullReport, goodCell, lostCell, sampleReport, unknownCell } from './sample.ts';

describe('renderMarkdown', () => {
  const text = renderMarkdown(sampleReport([goodCell, lostCell, unknownCell, deadCell]));

  test('begins with the verdict', () => {
    expect(text).toMatch(/^# Outlast\n\n\*\*The stack loses data: 2 of 4 checks failed, 1 unknown/);
  });

  test('has the matrix', () => {
    expect(text).toContain('| restart | ✓ survived |');
    expect(text).toContain('| crash | ? unknown |');
  });

  test('gives reason, counts and first lost rows of a bad cell, and of no other', () => {
    const [, section] = text.split('### down-up × notes\n\n');
    expect(section?.split('\n\n')[0]?.split('\n')).toEqual([
      '- lost: Acknowledged rows are gone. (`rows-missing`)',
      '- data lost, service up; expected survived',
      '- 20 attempted, 20 acknowledged, 0 rejected, 0 indeterminate, 10 intact, 10 lost, 0 corrupt, 0 unexpected, 0 recovered',
      '- the last 50 ms of writes are gone',
      '- o-n-notes-0-10, o-n-notes-0-11',
    ]);
    expect(text).not.toContain('### restart');
  });

  test('leaves out what was not measured', () => {
    const [, section] = text.split('### crash × notes\n\n');
    expect(section?.split('\n\n')[0]).toMatch(/20 attempted, 20 acknowledged, 0 rejected, 0 indeterminate$/);
  });

  test('has the proof of every cell in a collapsed part', () => {
    expect(text.match(/<details>/g)).toHaveLength(4);
    expect(text.match(/<\/details>/g)).toHaveLength(4);
    expect(text).toContain('<summary>restart × notes: survived</summary>');
    expect(text).toContain('| app start | 1 | 2 | changed |');
  });

  test('has findings, claims, controls, and what was changed in the shadow', () => {
    const full = renderMarkdown(
      sampleReport([goodCell], {
        stack: {
          name: 'demo',
          files: [],
          digest: '',
          commit: 'c0',
          services: [],
          changes: ['no way out'],
          baseImage: null,
        },
        claims: [{ id: 'c1', statement: 'It holds', verdict: 'holds', evidence: [] }],
        controls: [{ id: 'k1', expected: 'lost', outcome: 'survived', caught: false, reason: 'checker-failed' }],
        findings: [
          {
            rule: 'r',
            hazard: null,
            severity: 'error',
            service: null,
            file: 'compose.yaml',
            line: 7,
            path: null,
            title: 'bad',
            why: '',
            fix: 'mend',
            fingerprint: '',
          },
        ],
      }),
    );
    expect(full).toContain('- Changed in the shadow: no way out');
    expect(full).toContain('| c1 | holds | It holds |');
    expect(full).toContain('| k1 | lost | survived | not caught: checker-failed |');
    expect(full).toContain('| error | r | compose.yaml:7 | bad | mend |');
  });

  test('says what the gate decides, and what is worse and better than before', () => {
    const full = renderMarkdown(fullReport());
    expect(full).toContain(
      '\n\nGate: Refused: notes after down-up: lost; notes after crash: unknown (host-died). Accepted: cache after down-up: lost (it is filled again, until 2020-03-20).\n\n',
    );
    expect(full).toContain(
      '## Since run r0 of 2019-12-31 00:00 UTC\n\n- worse: notes after down-up: survived → lost\n- better: notes after kill: lost → survived\n- new finding: error container-layer-data, compose.yaml:7: Data where nothing is mounted\n- gone: warning no-restart-policy, app: Nobody starts \\`app\\`\n\n',
    );
    const same = renderMarkdown(sampleReport([goodCell], { baseline: { runId: 'r0' } }));
    expect(same).toContain('## Since run r0\n\nNothing differs.\n\n');
    const other = { disruption: 'kill', store: 'notes', before: null, after: 'survived' } as const;
    expect(renderMarkdown(sampleReport([goodCell], { baseline: { other: [other] } }))).toContain(
      '## Since an earlier run\n\n- 1 besides,',
    );
  });

  test('lets no text from outside open markup', () => {
    const evil = '</details><b>|x\n# y [z](http://q) `';
    const escaped = renderMarkdown(sampleReport([{ ...lostCell, evidence: [{ kind: 'rows', text: evil }] }]));
    expect(escaped).toContain('&lt;/details>&lt;b>\\|x ⏎ # y \\[z\\](http://q) \\`');
    expect(escaped).not.toContain('<b>');
  });
});

/** What a parser makes of the report: its tables with their sizes, and whatever is no plain text. */
function shapeOf(report: Report): string[] {
  const shape: string[] = [];
  const add = (token: Token): void => {
    if (token.type === 'table') {
      const { header, rows } = token as Tokens.Table;
      shape.push(`table ${header.length} × ${rows.length}`);
    } else if (['heading', 'list_item', 'html', 'code', 'link', 'image'].includes(token.type)) shape.push(token.type);
  };
  void marked.walkTokens(marked.lexer(renderMarkdown(report)), add);
  return shape;
}

/** A report with the same text in every place that takes one. */
function reportWith(text: string): Report {
  const cell = { ...lostCell, store: text, proof: { ...lostCell.proof, before: { [text]: text } } };
  return sampleReport([{ ...cell, evidence: [{ kind: 'rows', text }] }], {
    claims: [{ id: text, statement: text, verdict: 'holds', evidence: [] }],
    controls: [{ id: text, expected: text, outcome: text, caught: false, reason: text }],
    baseline: {
      newFindings: [{ rule: text, severity: 'error', service: text, file: text, line: 1, title: text }],
    },
  });
}

describe('a parser of GitHub’s Markdown', () => {
  const hostile = '| a ` b\n* <img src=x onerror=alert(1)> [c](d) </details>';
  test('finds the matrix, a line for each finding, claim and control, and each proof', () => {
    const report = fullReport();
    const stores = new Set(report.cells.map(({ store }) => store)).size;
    const disruptions = new Set(report.cells.map(({ disruption }) => disruption)).size;
    const tables = shapeOf(report).filter((token) => token.startsWith('table'));
    expect(tables.slice(0, 4)).toEqual([
      `table ${stores + 1} × ${disruptions}`,
      `table 5 × ${report.findings.length}`,
      `table 3 × ${report.claims.length}`,
      `table 4 × ${report.controls.length}`,
    ]);
    expect(tables.slice(4)).toHaveLength(report.cells.filter(({ status }) => status === 'ran').length);
  });

  test('sees the same shape, whatever stands in it', () => {
    expect(shapeOf(reportWith(hostile))).toEqual(shapeOf(reportWith('harmless')));
  });
});
