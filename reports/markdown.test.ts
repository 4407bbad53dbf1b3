import { describe, expect, test } from 'vitest';
import { renderMarkdown } from './markdown.ts';
import { deadCell, goodCell, lostCell, sampleReport, unknownCell } from './sample.ts';

describe('renderMarkdown', () => {
  const text = renderMarkdown(sampleReport([goodCell, lostCell, unknownCell, deadCell]));

  test('begins with the verdict', () => {
    expect(text).toMatch(/^# Outlast\n\n\*\*The stack loses data: 3 of 4 checks/);
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
    expect(full).toContain('| error | compose.yaml:7 | bad | mend |');
  });

  test('lets no text from outside open markup', () => {
    const evil = '</details><b>|x\n# y [z](http://q) `';
    const escaped = renderMarkdown(sampleReport([{ ...lostCell, evidence: [{ kind: 'rows', text: evil }] }]));
    expect(escaped).toContain('&lt;/details>&lt;b>\\|x ⏎ # y \\[z\\](http://q) \\`');
    expect(escaped).not.toContain('<b>');
  });
});
